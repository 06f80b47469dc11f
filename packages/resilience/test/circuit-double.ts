import type { CircuitMode } from '../src/index.ts';

export const OPEN_MS = 100;
export const MAX_WAIT_MS = 60;
export const RAMP_MS = 50;
/** What is drawn in a ramp: between its share at the beginning and at the end. */
export const DRAW = 0.55;

export interface Rules {
  /** Failures in a row, or (`window`) two of the last four calls. */
  threshold: number;
  window: boolean;
  probes: number;
  /** Successes among them that close. */
  needed: number;
  ramp: boolean;
  retryAfter: 'extend' | 'open' | 'ignore';
}

/** What the breaker should be doing, told in the plainest words; the results of an older epoch do not count. */
export class Model {
  state: 'closed' | 'open' | 'half-open' | 'isolated' = 'closed';
  mode: CircuitMode = 'enabled';
  rules: Rules;
  epoch = 0;
  failures = 0;
  recent: boolean[] = [];
  opensUntil = 0;
  succeeded = 0;
  failed = 0;
  rampFrom: number | undefined;
  probes = new Map<number, number>();
  admitted = new Map<number, { epoch: number; rules: Rules }>();

  constructor(rules: Rules) {
    this.rules = rules;
  }

  enter(state: Model['state']): void {
    this.state = state;
    this.epoch++;
    if (state === 'closed') this.forget();
    this.succeeded = this.failed = 0;
    this.rampFrom = undefined;
    this.probes.clear();
  }

  forget(): void {
    this.failures = 0;
    this.recent = [];
  }

  open(at: number, ms = OPEN_MS): void {
    this.enter('open');
    this.opensUntil = at + ms;
  }

  look(now: number): void {
    const overdue = Math.min(...[...this.probes.values()].map((at) => at + MAX_WAIT_MS));
    if (this.state === 'half-open' && overdue <= now) this.open(overdue);
    if (this.state === 'open' && now >= this.opensUntil) this.enter('half-open');
  }

  admits(id: number, now: number): boolean {
    this.look(now);
    if (this.state === 'open' || this.state === 'isolated') return false;
    if (this.state === 'half-open') {
      if (this.probes.size + this.succeeded + this.failed >= this.rules.probes) return false;
      this.probes.set(id, now);
    } else if (this.rampFrom !== undefined) {
      const share = 0.1 + (0.9 * (now - this.rampFrom)) / RAMP_MS;
      if (share >= 1) this.rampFrom = undefined;
      else if (DRAW >= share) return false;
    }
    this.admitted.set(id, { epoch: this.epoch, rules: this.rules });
    return true;
  }

  settle(id: number, how: 'success' | 'failure' | 'cancel', now: number, askedMs: number): void {
    this.look(now);
    const call = this.admitted.get(id)!;
    this.admitted.delete(id);
    if (call.epoch !== this.epoch || this.mode === 'disabled') return;
    this.probes.delete(id);
    if (how === 'cancel') return;
    const asked = call.rules.retryAfter === 'ignore' ? 0 : askedMs;
    const breakMs = Math.max(OPEN_MS, how === 'failure' ? asked : 0);
    if (this.state === 'half-open') {
      if (how === 'failure') {
        if (++this.failed > this.rules.probes - this.rules.needed) this.open(now, breakMs);
      } else if (++this.succeeded >= this.rules.needed) {
        this.enter('closed');
        if (this.rules.ramp) this.rampFrom = now;
      }
      return;
    }
    this.recent = [...this.recent, how === 'failure'].slice(-4);
    this.failures = how === 'failure' ? this.failures + 1 : 0;
    const many = this.rules.window
      ? this.recent.length >= 2 && this.recent.filter((failure) => failure).length / this.recent.length >= 0.5
      : this.failures >= this.rules.threshold && how === 'failure';
    const asks = how === 'failure' && asked > 0 && call.rules.retryAfter === 'open';
    if ((many || asks) && this.mode === 'enabled') this.open(now, breakMs);
  }

  switch(mode: CircuitMode, now: number): void {
    this.look(now);
    this.mode = mode;
    if (mode === 'enabled') return;
    if (this.state === 'open' || this.state === 'half-open') this.enter('closed');
    this.rampFrom = undefined;
  }

  restore(state: 'closed' | 'open' | 'half-open', leftMs: number, now: number): void {
    this.look(now);
    if (this.state === 'isolated') return;
    if (state === 'closed') this.enter('closed');
    else if (this.mode === 'enabled') this.open(now, state === 'open' ? leftMs : 0);
  }
}
