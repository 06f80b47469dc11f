import { inTime } from './store/guard.ts';
import { TimeBudget } from './time-budget.ts';

/** A lock that is held. `fence` grows with each holder of a key. */
export interface Lease {
  readonly token: string;
  readonly fence: number;
}

/** A lock of keys across processes. A lock that fails or does not answer is done without. */
export interface LoadLock {
  /** One try; undefined = another holds it. The lease ends by itself after `leaseMs`. */
  acquire(key: string, leaseMs: number): Promise<Lease | undefined>;
  /** Is the lease still the newest of its key? */
  holds(key: string, lease: Lease): Promise<boolean>;
  /** Gives up this lease, never another's. */
  release(key: string, lease: Lease): Promise<void>;
}

export interface LockSettings {
  lock: LoadLock;
  leaseMs: number;
  waitMs: number;
}

/** Leave to load: `current` tells whether the result may still go to the stores, `leave` ends it. */
export interface Admission {
  current(): Promise<boolean>;
  leave(): Promise<void>;
}

const pollMs = 25;
const maxPollMs = 250;
const alone: Admission = { current: async () => true, leave: async () => {} };

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });

/**
 * Waits until this process may load the key: because it has the lock, because the wait is over, or because the lock
 * does not work. `'answered'` = `found` answered in the meantime; `'abandoned'` = everybody has left.
 * @param parts.time What the lookup has left for the first try, in ms; each later one has `timeoutMs`.
 * @param found Looks into the stores, in the time left; true = the value was there.
 */
export const admit = async (
  key: string,
  { lock, leaseMs, waitMs }: LockSettings,
  parts: {
    now: () => number;
    random: () => number;
    timeoutMs: number;
    signal: AbortSignal;
    time: TimeBudget;
  },
  found: (time: TimeBudget) => Promise<boolean>,
): Promise<Admission | 'answered' | 'abandoned'> => {
  const { now, random, timeoutMs, signal } = parts;
  let { time } = parts;
  const until = now() + waitMs;
  for (let wait = pollMs; !signal.aborted; wait = Math.min(wait * 2, maxPollMs)) {
    let lease: Lease | undefined;
    const left = time.left();
    if (left <= 0) return alone;
    const attempt = (async () => lock.acquire(key, leaseMs))();
    try {
      lease = await inTime(left, () => attempt);
    } catch {
      // Got after all, but too late: nobody would give it up.
      void attempt.then((late) => late && lock.release(key, late)).catch(() => {});
      return alone;
    }
    if (lease !== undefined) {
      const held = lease;
      const leave = () => inTime(timeoutMs, () => lock.release(key, held)).catch(() => {});
      // The holder before us may have stored the value just now.
      const needless = await found(time);
      if (!needless && !signal.aborted)
        return { leave, current: () => inTime(timeoutMs, () => lock.holds(key, held)).catch(() => true) };
      await leave();
      return needless ? 'answered' : 'abandoned';
    }
    if (now() >= until) return alone;
    await pause(wait * (0.5 + random() / 2), signal);
    time = new TimeBudget(timeoutMs);
    if (await found(time)) return 'answered';
  }
  return 'abandoned';
};
