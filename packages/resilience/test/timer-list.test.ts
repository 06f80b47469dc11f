import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from '@jest/globals';
import { compose, fallback, pipeline, retry, timeout } from '../src/index.ts';

// The platform's own timers, whose sharing is what is tested here: limits of a few milliseconds.
const timersAlive = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
const never = (): Promise<never> => new Promise(() => {});
/** Jest has timers of its own, one of them for each test. */
const leavingNone = (work: (base: number) => Promise<void>) => async (): Promise<void> => {
  const base = timersAlive();
  await work(base);
  // A busy list goes quiet at its next tick.
  for (let turn = 0; turn < 50 && timersAlive() > base; turn++)
    await new Promise((resolve) => setTimeout(resolve, 2));
  expect(timersAlive()).toBeLessThanOrEqual(base);
};

describe('time limits that share a timer', () => {
  it(
    'cuts each call off at its own time, never early',
    leavingNone(async () => {
      const policy = timeout(20);
      const took = async (): Promise<number> => {
        const start = performance.now();
        await policy.execute(never).catch(() => {});
        return performance.now() - start;
      };
      const first = took();
      await new Promise((resolve) => setTimeout(resolve, 10));
      const times = await Promise.all([first, took(), took()]);
      for (const ms of times) expect(ms).toBeGreaterThanOrEqual(20);
      expect(policy.stats().timeouts).toBe(3);
    }),
  );

  it(
    'cuts off the calls of a busy list too, never early',
    leavingNone(async () => {
      const policy = timeout(32);
      const start = performance.now();
      const calls = Array.from({ length: 2_000 }, (_, at) =>
        at % 10 === 0
          ? policy.execute(never).catch(() => performance.now() - start)
          : policy.execute(async () => 0),
      );
      const ends = (await Promise.all(calls)).filter((ms) => ms !== 0);
      expect(ends).toHaveLength(200);
      expect(Math.min(...ends)).toBeGreaterThanOrEqual(32);
      expect(policy.stats()).toMatchObject({ calls: 2_000, timeouts: 200, successes: 1_800 });
    }),
  );

  it(
    'keeps the process alive while a call waits, and no longer',
    leavingNone(async (before) => {
      const policy = timeout(30_000);
      let finish!: () => void;
      const call = policy.execute(() => new Promise<void>((resolve) => (finish = resolve)));
      expect(timersAlive()).toBe(before + 1);
      finish();
      await call;
      expect(timersAlive()).toBe(before);
      const again = policy.execute(() => new Promise<void>((resolve) => (finish = resolve)));
      expect(timersAlive()).toBe(before + 1);
      finish();
      await again;
    }),
  );

  it(
    'runs what follows a limit in the AsyncLocalStorage of the call it cut off',
    leavingNone(async () => {
      const storage = new AsyncLocalStorage<string>();
      const seen: (string | undefined)[] = [];
      const note = (): void => void seen.push(storage.getStore());
      const policy = pipeline({
        timeoutMs: 5,
        retry: { maxAttempts: 2, initialDelayMs: 0, idempotent: true },
        fallback: () => {
          note();
          return 'answer';
        },
      });
      policy.on('timeout', note);
      policy.on('retry', note);
      const call = (tenant: string): Promise<unknown> =>
        storage.run(tenant, () =>
          policy.execute(({ signal }) => {
            note();
            signal.addEventListener('abort', note);
            return never();
          }),
        );
      await Promise.all([call('A'), call('B')]);
      expect(seen).not.toContain(undefined);
      expect(seen.filter((tenant) => tenant === 'A')).toHaveLength(seen.length / 2);
      expect(seen).toHaveLength(2 * (2 + 2 + 2 + 1 + 1));
    }),
  );

  it(
    'lets the outer of two limits win, and the retry inside it end',
    leavingNone(async () => {
      let calls = 0;
      const policy = compose(
        fallback('late', { handle: (error) => (error as Error).message.includes('whole') }),
        timeout({ ms: 12, name: 'whole' }),
        retry({ maxAttempts: 100, initialDelayMs: 0, idempotent: true }),
        timeout({ ms: 5, name: 'each' }),
      );
      const answer = await policy.execute(() => {
        calls++;
        return never();
      });
      const made = calls;
      await new Promise((resolve) => setTimeout(resolve, 15));
      expect([answer, calls]).toEqual(['late', made]);
    }),
  );
});
