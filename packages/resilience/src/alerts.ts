// The whole public surface of @agent4/resilience/alerts: notices on the state of circuits.
import { AsyncLocalStorage } from 'node:async_hooks';
import { AlertEmitter, type AlertEvents } from './alert-events.ts';
import { AlertLimit } from './alert-limit.ts';
import { type ActiveAlert, type AlertNotice, suppressedNotice } from './alert-notice.ts';
import {
  type AlertOptions,
  type AlertSource,
  flapOf,
  type KeyedAlertSource,
  labelsOf,
  OPTIONS,
  rateLimitOf,
  severityOf,
  sinksOf,
} from './alert-options.ts';
import { AlertQueue, type AlertSinkStats } from './alert-queue.ts';
import type { WatchContext } from './alert-watch.ts';
import { AlertWatches } from './alert-watches.ts';
import { after, type Timers } from './timers.ts';
import { unrefTimers } from './unref-timers.ts';
import { duration, onlyKnown, show, timeSource } from './validate.ts';
import { wallClock } from './wall-clock.ts';

export type { AlertEvents } from './alert-events.ts';
export type { AlertRateLimit } from './alert-limit.ts';
export type {
  ActiveAlert,
  AlertChange,
  AlertNotice,
  AlertSeverity,
  PolicyNotice,
  SuppressedNotice,
} from './alert-notice.ts';
export type { AlertOptions, AlertSource, KeyedAlertSource } from './alert-options.ts';
export type { AlertSink, AlertSinkFunction, AlertSinkStats } from './alert-queue.ts';
export { type AlertLogger, type LogSinkOptions, logSink } from './log-sink.ts';
export { type FetchLike, type WebhookOptions, webhookSink } from './webhook-sink.ts';

/** What is going on, and what became of the notices. */
export interface AlertsSnapshot {
  active: ActiveAlert[];
  /** Openings within the cool-down that had closed before its end; nobody was told. */
  heldBack: number;
  /** Notices kept back by the rate limit since the last one that went out. */
  suppressed: number;
  sinks: Record<string, AlertSinkStats>;
}

/** A running watch over circuits; see {@link alerts}. */
export interface Alerts extends AsyncDisposable {
  /**
   * Watches one more circuit, or those of breakers by key; one that is not closed gives an alert at once. The answer ends it, and resolves its alert.
   * @throws TypeError for something without a circuit, for a second circuit of the same name, and after `close`.
   */
  watch(source: AlertSource | KeyedAlertSource): () => void;
  on<K extends keyof AlertEvents>(event: K, listener: (payload: AlertEvents[K]) => unknown): () => void;
  snapshot(): AlertsSnapshot;
  /** Waits until each sink has got, or failed to get, all that there is; answers false when `timeoutMs` (5_000) was too short. */
  flush(options?: { timeoutMs?: number }): Promise<boolean>;
  /** Watches no more, then flushes. Active alerts are not resolved: nothing is known of them. Again: only flushes. */
  close(options?: { timeoutMs?: number }): Promise<boolean>;
}

/**
 * Tells people when a circuit opens and when it is well again: once an outage, once a bout of flapping, and never more in all
 * than the rate limit lets through. Sinks are called off the stack and the async context of the call that opened the circuit; one that
 * throws, rejects or hangs touches no call and no other sink. No timer of it keeps the process alive, save while you await `flush` or `close`.
 * @throws RangeError or TypeError here, for an option that makes no sense.
 */
export function alerts(options: AlertOptions): Alerts {
  onlyKnown('alerts', options, OPTIONS);
  const source = timeSource(options);
  const { clock } = source;
  const timers = unrefTimers(source.timers);
  const now = wallClock(options.now);
  const labels = labelsOf(options.labels);
  const emitter = new AlertEmitter();
  // The context of here and now, which is nobody's request.
  const neutral = AsyncLocalStorage.snapshot();
  const queues = sinksOf(options.sinks).map(
    ([name, sink]) => new AlertQueue(name, sink, emitter, timers, neutral),
  );
  let heldBack = 0;

  const send = (notice: AlertNotice): void => {
    Object.freeze(notice);
    // Queued first: a listener may change a circuit, whose notice must come after this one.
    for (const queue of queues) queue.add(notice);
    emitter.emit('alert', notice);
  };
  const limit = new AlertLimit(rateLimitOf(options.rateLimit), { clock, timers }, () => {
    const policies = watches.active().filter(({ told }) => !told);
    send(suppressedNotice(limit.tell(), policies, { at: new Date(now()), labels }));
  });
  const context: WatchContext = {
    ...{ clock, timers, now, limit, labels, send },
    coolDownMs: duration('coolDownMs', options.coolDownMs ?? 60_000, { zero: true, infinite: false }),
    flap: flapOf(options.flap),
    severity: severityOf(options.severity, (error) => emitter.report('severity', error)),
    onHeldBack: () => {
      heldBack++;
    },
  };

  const watches = new AlertWatches(context);

  const flush: Alerts['flush'] = (given) => flushed(queues, source.timers, given);
  const close: Alerts['close'] = (given) => {
    limit.stop();
    watches.close();
    return flush(given);
  };

  try {
    for (const each of sourcesOf(options.sources)) watches.watch(each);
  } catch (error) {
    // No half a watch is left on the sources before the bad one.
    watches.close();
    throw error;
  }
  return {
    watch: (given) => watches.watch(given),
    on: (event, listener) => emitter.on(event, listener),
    snapshot: () => ({
      active: watches.active(),
      heldBack,
      suppressed: limit.suppressed,
      sinks: Object.fromEntries(queues.map((queue) => [queue.name, queue.stats()])),
    }),
    flush,
    close,
    [Symbol.asyncDispose]: async () => void (await close()),
  };
}

const flushed = async (
  queues: readonly AlertQueue[],
  timers: Timers,
  given: { timeoutMs?: number } = {},
): Promise<boolean> => {
  onlyKnown('flush', given, ['timeoutMs']);
  const timeoutMs = duration('timeoutMs', given.timeoutMs ?? 5_000, { zero: true, infinite: false });
  // This timer does keep the process alive: somebody waits.
  const late = Promise.withResolvers<boolean>();
  const stop = after(timers, timeoutMs, () => late.resolve(false));
  const idle = Promise.all(queues.map((queue) => queue.idle())).then(() => true);
  return Promise.race([idle, late.promise]).finally(stop);
};

const sourcesOf = (given: AlertOptions['sources']): Iterable<AlertSource | KeyedAlertSource> => {
  if (given === undefined) return [];
  if (typeof (given as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] !== 'function')
    throw new TypeError(`sources must be a list of circuit breakers and pipelines, got ${show(given)}`);
  return given;
};
