import { constants } from 'node:os';
import { flushAllSync } from './at-exit.ts';
import { wholeNumber } from './check-options.ts';
import { describe } from './describe.ts';
import { reporters } from './health.ts';
import { later } from './later.ts';
import { onlyKnown } from './only-known.ts';

export interface SignalOptions {
  /** How long to wait for transports and other asynchronous destinations, in milliseconds. Default 5_000. */
  timeoutMs?: number | undefined;
}

const allowed: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGBREAK', 'SIGUSR2'];
const handlers = new Map<NodeJS.Signals, () => void>();
/** Marks our handlers, whichever copy of this package added them: none may take another's for the application's. */
const mark: unique symbol = Symbol.for('agent4.logging.flush-on-signals') as never;
const isOurs = (listener: object): boolean => mark in listener;
let ending = false;

/** All that can be flushed, at the same time. Never rejects. */
const flushAll = async (): Promise<void> => {
  await Promise.allSettled(reporters().map(async (reporter) => reporter.flush?.()));
};

/** Ends the process as the signal would have without us, so that whoever sent it sees 128 + its number, or the signal itself. */
const raise = (signal: NodeJS.Signals): void => {
  flushAllSync(0);
  const handler = handlers.get(signal);
  if (handler !== undefined) process.off(signal, handler);
  // The last copy to be done ends the process.
  if (process.listeners(signal).some(isOurs)) return;
  process.kill(process.pid, signal);
  // The kernel does not deliver a default action to the first process of a container.
  later(() => process.exit(128 + (constants.signals[signal] ?? 0)), 100, true);
};

const handle = (signal: NodeJS.Signals, timeoutMs: number): void => {
  flushAllSync(0);
  // Somebody else decides about the end: a graceful shutdown, which may log until it exits.
  if (!process.listeners(signal).every(isOurs)) return;
  if (ending) {
    raise(signal);
    return;
  }
  ending = true;
  let raised = false;
  const once = (): void => {
    if (raised) return;
    raised = true;
    raise(signal);
  };
  later(once, timeoutMs, true);
  void flushAll().then(once);
};

/**
 * Opts in to delivering what is logged before these signals: sinks are flushed at once, transports are waited for, and the process then
 * ends by the same signal. A second signal ends it at once. While the application listens to a signal itself, only the flush happens here.
 * @param signals any of SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGBREAK, SIGUSR2; at least one.
 * @returns takes it back.
 * @throws TypeError or RangeError naming what is wrong.
 */
export const flushOnSignals = (
  signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'],
  options: SignalOptions = {},
): (() => void) => {
  if (!Array.isArray(signals) || signals.length === 0)
    throw new TypeError(`signals must be a non-empty array, got ${describe(signals)}`);
  for (const signal of signals as readonly NodeJS.Signals[])
    if (!allowed.includes(signal))
      throw new RangeError(`signals must be of ${allowed.join(', ')}, got ${describe(signal)}`);
  onlyKnown('flushOnSignals', options, ['timeoutMs']);
  const timeoutMs = wholeNumber('timeoutMs', options.timeoutMs, 0, 5_000);
  const mine = new Map<NodeJS.Signals, () => void>();
  for (const signal of new Set(signals as readonly NodeJS.Signals[])) {
    // A second call replaces the first one's wait: two handlers would each take the other for the application's.
    const before = handlers.get(signal);
    if (before !== undefined) process.off(signal, before);
    const handler = Object.assign((): void => handle(signal, timeoutMs), { [mark]: true });
    handlers.set(signal, handler);
    mine.set(signal, handler);
    process.on(signal, handler);
  }
  return () => {
    for (const [signal, handler] of mine) {
      process.off(signal, handler);
      if (handlers.get(signal) === handler) handlers.delete(signal);
    }
  };
};
