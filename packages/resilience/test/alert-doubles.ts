import { type AlertNotice, type AlertOptions, type AlertSource, type Alerts, alerts } from '../src/alerts.ts';
import type { CircuitStateName, StateChange } from '../src/index.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A circuit that does what the test says. */
export class StagedCircuit implements AlertSource {
  readonly name: string;
  state: CircuitStateName = 'closed';
  readonly listeners = new Set<(change: StateChange) => unknown>();

  constructor(name = 'db') {
    this.name = name;
  }

  on(_event: 'state', listener: (change: StateChange) => unknown): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  go(to: CircuitStateName, error?: unknown): void {
    const change: StateChange = { policy: this.name, from: this.state, to };
    if (error !== undefined) change.error = error;
    this.state = to;
    for (const listener of this.listeners) listener(change);
  }
}

/** Alerts on staged circuits, whose one sink keeps what it gets. */
export const staged = (
  names: readonly string[] = ['db'],
  options: Partial<AlertOptions> = {},
): { time: VirtualClock; circuits: StagedCircuit[]; watch: Alerts; got: AlertNotice[] } => {
  const time = new VirtualClock();
  const circuits = names.map((name) => new StagedCircuit(name));
  const got: AlertNotice[] = [];
  const watch = alerts({
    ...time.time,
    now: () => 1_700_000_000_000 + time.now,
    sources: circuits,
    sinks: [(notice) => void got.push(notice)],
    ...options,
  });
  return { time, circuits, watch, got };
};

/** The notices in short: `opened db`. */
export const short = (got: readonly AlertNotice[]): string[] =>
  got.map((notice) => (notice.type === 'suppressed' ? 'suppressed' : `${notice.type} ${notice.policy}`));
