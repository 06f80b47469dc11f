import type { CircuitStateName } from './events.ts';
import { after, type Clock, type Timers } from './timers.ts';

export interface FlapSettings {
  /** So many openings and closings within `windowMs` are flapping. */
  transitions: number;
  windowMs: number;
  /** Flapping is over when the circuit has neither opened nor closed for so long. */
  quietMs: number;
}

/** Half-open is still ill; a breaker that is switched off is not: nobody waits for it to close. */
export const isIll = (state: CircuitStateName): boolean =>
  state === 'open' || state === 'half-open' || state === 'isolated';

/** What the tracker says. It opens an alert only when none is active, and resolves only an active one. */
export interface TrackerListener {
  opened(kind: 'open' | 'flapping', since: number, transitions: number): void;
  /** The active alert has become one of flapping, or of an outage again. */
  turned(kind: 'open' | 'flapping', transitions: number): void;
  resolved(): void;
  /** A circuit opened and closed within the cool-down: nobody was told. */
  heldBack(): void;
}

interface Settings {
  coolDownMs: number;
  flap: FlapSettings | undefined;
  clock: Clock;
  timers: Timers;
  listener: TrackerListener;
}

/**
 * Decides, for one circuit, when an alert opens, flaps and resolves. An outage in which probe after probe fails is one alert.
 * Time comes by timers here, since nobody looks at a circuit that is not called.
 */
export class AlertTracker {
  readonly #set: Settings;
  #state: CircuitStateName = 'closed';
  #active: 'open' | 'flapping' | undefined;
  /** When the circuit last opened or closed, at most as many times as flapping needs. */
  #flips: number[] = [];
  #resolvedAt: number | undefined;
  /** Since when the circuit is ill without an alert, because it cools down. */
  #heldSince: number | undefined;
  #stopTimer: () => void = () => {};

  constructor(settings: Settings) {
    this.#set = settings;
  }

  get state(): CircuitStateName {
    return this.#state;
  }

  /** The circuit is well, cools down no longer, and its last change is too old to count as flapping. */
  get resting(): boolean {
    const { clock, coolDownMs, flap } = this.#set;
    const now = clock();
    const cool = this.#resolvedAt === undefined || now - this.#resolvedAt >= coolDownMs;
    const calm = this.#flips.every((at) => now - at >= (flap?.windowMs ?? 0));
    return !isIll(this.#state) && this.#active === undefined && cool && calm;
  }

  /** The circuit has changed. Between open, half-open and isolated nothing changes for an alert. */
  change(to: CircuitStateName): void {
    const from = this.#state;
    this.#state = to;
    const ill = isIll(to);
    if (ill === isIll(from)) return;
    const now = this.#set.clock();
    if (this.#flaps(now)) this.#flap(now);
    else if (ill) this.#fallIll(now);
    else this.#recover(now);
  }

  /** The circuit is watched no longer: an active alert is resolved, since nobody would ever do so. */
  end(): void {
    this.stop();
    if (this.#active !== undefined) this.#resolve(this.#set.clock());
  }

  /** Sets no timer any more. */
  stop(): void {
    this.#stopTimer();
    this.#heldSince = undefined;
  }

  #flaps(now: number): boolean {
    const { flap } = this.#set;
    if (flap === undefined) return false;
    this.#flips = [...this.#flips.filter((at) => now - at < flap.windowMs), now].slice(-flap.transitions);
    return this.#active === 'flapping' || this.#flips.length >= flap.transitions;
  }

  #flap(now: number): void {
    const { flap, listener } = this.#set;
    this.#after(flap!.quietMs, () => this.#quiet());
    if (this.#active === 'flapping') return;
    const since = this.#heldSince ?? now;
    this.#heldSince = undefined;
    const before = this.#active;
    this.#active = 'flapping';
    if (before === undefined) listener.opened('flapping', since, this.#flips.length);
    else listener.turned('flapping', this.#flips.length);
  }

  #quiet(): void {
    this.#flips = [];
    if (!isIll(this.#state)) this.#resolve(this.#set.clock());
    else {
      this.#active = 'open';
      this.#set.listener.turned('open', 0);
    }
  }

  #fallIll(now: number): void {
    const left = this.#resolvedAt === undefined ? 0 : this.#resolvedAt + this.#set.coolDownMs - now;
    if (left <= 0) this.#open(now);
    else {
      this.#heldSince = now;
      this.#after(left, () => this.#open(now));
    }
  }

  #open(since: number): void {
    this.#heldSince = undefined;
    this.#active = 'open';
    this.#set.listener.opened('open', since, 1);
  }

  #recover(now: number): void {
    if (this.#heldSince !== undefined) {
      this.stop();
      this.#set.listener.heldBack();
    } else if (this.#active !== undefined) this.#resolve(now);
  }

  #resolve(now: number): void {
    this.#active = undefined;
    this.#resolvedAt = now;
    this.#set.listener.resolved();
  }

  #after(ms: number, then: () => void): void {
    this.#stopTimer();
    this.#stopTimer = after(this.#set.timers, ms, then);
  }
}
