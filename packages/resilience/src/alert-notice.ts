import { randomUUID } from 'node:crypto';
import type { CircuitStateName } from './events.ts';

export type AlertSeverity = 'critical' | 'warning' | 'info';

/** What a notice says of an alert. The first of an alert is `opened` or `flapping`, the last `resolved`. */
export type AlertChange = 'opened' | 'flapping' | 'steady' | 'resolved';

/** An alert that is not resolved. */
export interface ActiveAlert {
  /** The same in all notices of one alert. */
  alertId: string;
  policy: string;
  kind: 'open' | 'flapping';
  severity: AlertSeverity;
  state: CircuitStateName;
  /** ISO 8601. */
  openedAt: string;
  /** Milliseconds so far. */
  openMs: number;
  /** How often a probe failed and the circuit opened again, within this alert. */
  reopenings: number;
  /** How often the circuit opened or closed, within this alert or the window that made it flapping. */
  transitions: number;
  /** Code or class of the error that opened the circuit; never its text. */
  code?: string;
  /** False when the rate limit kept its opening from the sinks. */
  told: boolean;
}

interface NoticeBase {
  /** One for each notice; the same when a delivery is tried again. */
  id: string;
  /** ISO 8601. */
  at: string;
  severity: AlertSeverity;
  /** One line for people. */
  text: string;
  /** Notices that the rate limit kept back since the last one that went out. */
  suppressed: number;
  /** The `labels` option, such as service and host. */
  labels: Readonly<Record<string, string>>;
}

export interface PolicyNotice extends NoticeBase, Omit<ActiveAlert, 'told' | 'severity'> {
  type: AlertChange;
}

/** Comes at the end of a rate limit's interval when no other notice has told of what was kept back. */
export interface SuppressedNotice extends NoticeBase {
  type: 'suppressed';
  /** Circuits with an active alert that was not told; the first 20 names. */
  policies: readonly string[];
}

/** What the sinks get: plain data, frozen, ready for JSON. */
export type AlertNotice = Readonly<PolicyNotice> | Readonly<SuppressedNotice>;

/** `850 ms`, `42 s`, `3 min 5 s`, `2 h 0 min`. */
const spoken = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
};

export const textOf = (
  type: AlertChange,
  { policy, state, code, openMs, transitions }: ActiveAlert,
): string => {
  const circuit = `Circuit "${policy}"`;
  const why = code === undefined ? '' : ` (${code})`;
  switch (type) {
    case 'opened':
      return `${circuit} is ${state}${why}`;
    case 'flapping':
      return `${circuit} is flapping${why}: ${transitions} changes`;
    case 'steady':
      return `${circuit} no longer flaps and is ${state}${why}`;
    case 'resolved':
      return `${circuit} is ${state} after ${spoken(openMs)}`;
  }
};

/** `untold` are the active alerts that nobody was told of. */
export const suppressedNotice = (
  suppressed: number,
  untold: readonly ActiveAlert[],
  { at, labels }: { at: Date; labels: SuppressedNotice['labels'] },
): SuppressedNotice => ({
  type: 'suppressed',
  id: randomUUID(),
  at: at.toISOString(),
  severity: 'warning',
  text: `${suppressed} notices were kept back by the rate limit; ${untold.length} alerts that are active were not told`,
  suppressed,
  labels,
  policies: Object.freeze(untold.slice(0, 20).map(({ policy }) => policy)),
});
