// The whole public surface of @agent4/resilience/alerts: notices on the state of circuits.
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { AlertEmitter, type AlertEvents } from './alert-events.ts';
import { AlertLimit } from './alert-limit.ts';
import type { ActiveAlert, AlertNotice, AlertSeverity } from './alert-notice.ts';
import {
  type AlertOptions,
  type AlertSource,
  type AlertView,
  defaultSeverity,
  flapOf,
  labelsOf,
  OPTIONS,
  rateLimitOf,
  SEVERITIES,
  sinksOf,
} from './alert-options.ts';
import { AlertQueue, type AlertSinkStats } from './alert-queue.ts';
import { AlertWatch, type WatchContext } from './alert-watch.ts';
import { after } from './timers.ts';
import { unrefTimers } from './unref-timers.ts';
import { duration, nameOf, oneOf, onlyKnown, show, timeSource } from './validate.ts';
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
export type { AlertOptions, AlertSource } from './alert-options.ts';
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
   * Watches one more circuit; one that is not closed gives an alert at once. The answer ends it, and resolves its alert.
   * @throws TypeError for something without a circuit, for a second circuit of the same name, and after `close`.
   */
  watch(source: AlertSource): () => void;
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
  const { severity } = options;
  if (typeof severity !== 'function') oneOf('severity', severity ?? 'info', SEVERITIES);
  const emitter = new AlertEmitter();
  // The context of here and now, which is nobody's request.
  const neutral = AsyncLocalStorage.snapshot();
  const queues = sinksOf(options.sinks).map(
    ([name, sink]) => new AlertQueue(name, sink, emitter, timers, neutral),
  );
  const watches = new Map<
    string,
    { breaker: AlertSource; watch: AlertWatch; users: number; stop: () => void }
  >();
  let heldBack = 0;
  let closed = false;

  const send = (notice: AlertNotice): void => {
    Object.freeze(notice);
    // Queued first: a listener may change a circuit, whose notice must come after this one.
    for (const queue of queues) queue.add(notice);
    emitter.emit('alert', notice);
  };
  const active = (): ActiveAlert[] =>
    [...watches.values()].map(({ watch }) => watch.active()).filter((each) => each !== undefined);
  const limit = new AlertLimit(rateLimitOf(options.rateLimit), { clock, timers }, () => {
    const policies = active().filter(({ told }) => !told);
    const suppressed = limit.tell();
    send({
      type: 'suppressed',
      id: randomUUID(),
      at: new Date(now()).toISOString(),
      severity: 'warning',
      text: `${suppressed} notices were kept back by the rate limit; ${policies.length} alerts that are active were not told`,
      suppressed,
      labels,
      policies: Object.freeze(policies.slice(0, 20).map(({ policy }) => policy)),
    });
  });
  const severityOf = (alert: AlertView): AlertSeverity => {
    if (typeof severity !== 'function') return severity ?? defaultSeverity(alert);
    try {
      return oneOf('severity', severity(alert), SEVERITIES);
    } catch (error) {
      emitter.report('severity', error);
      return defaultSeverity(alert);
    }
  };
  const context: WatchContext = {
    ...{ clock, timers, now, limit, labels, send },
    coolDownMs: duration('coolDownMs', options.coolDownMs ?? 60_000, { zero: true, infinite: false }),
    flap: flapOf(options.flap),
    severity: severityOf,
    onHeldBack: () => {
      heldBack++;
    },
  };

  const watch = (given: AlertSource): (() => void) => {
    if (closed) throw new TypeError('these alerts are closed');
    const breaker = breakerOf(given);
    const name = nameOf(breaker.name, '');
    let entry = watches.get(name);
    if (entry === undefined) {
      const watched = new AlertWatch(name, context);
      entry = {
        breaker,
        watch: watched,
        users: 0,
        stop: breaker.on('state', (change) => watched.change(change)),
      };
      watches.set(name, entry);
      if (breaker.state !== undefined) watched.change({ to: breaker.state });
    } else if (entry.breaker !== breaker)
      throw new TypeError(`two circuits are named "${name}"; give each a name of its own`);
    entry.users++;
    const shared = entry;
    let ended = false;
    return () => {
      if (ended || closed) return;
      ended = true;
      shared.users--;
      if (shared.users > 0) return;
      shared.stop();
      watches.delete(name);
      shared.watch.end();
    };
  };
  const flush: Alerts['flush'] = async (given = {}) => {
    onlyKnown('flush', given, ['timeoutMs']);
    const timeoutMs = duration('timeoutMs', given.timeoutMs ?? 5_000, { zero: true, infinite: false });
    // This timer does keep the process alive: somebody waits.
    const late = Promise.withResolvers<boolean>();
    const stop = after(source.timers, timeoutMs, () => late.resolve(false));
    const idle = Promise.all(queues.map((queue) => queue.idle())).then(() => true);
    return Promise.race([idle, late.promise]).finally(stop);
  };
  const close: Alerts['close'] = (given) => {
    if (!closed) {
      closed = true;
      limit.stop();
      for (const { stop, watch: watched } of watches.values()) {
        stop();
        watched.stop();
      }
    }
    return flush(given);
  };

  try {
    for (const each of sourcesOf(options.sources)) watch(each);
  } catch (error) {
    // No half a watch is left on the sources before the bad one.
    for (const { stop } of watches.values()) stop();
    throw error;
  }
  return {
    watch,
    on: (event, listener) => emitter.on(event, listener),
    snapshot: () => ({
      active: active(),
      heldBack,
      suppressed: limit.suppressed,
      sinks: Object.fromEntries(queues.map((queue) => [queue.name, queue.stats()])),
    }),
    flush,
    close,
    [Symbol.asyncDispose]: async () => void (await close()),
  };
}

const sourcesOf = (given: AlertOptions['sources']): Iterable<AlertSource> => {
  if (given === undefined) return [];
  if (typeof (given as Partial<Iterable<AlertSource>> | null)?.[Symbol.iterator] !== 'function')
    throw new TypeError(`sources must be a list of circuit breakers and pipelines, got ${show(given)}`);
  return given;
};

/** A pipeline is watched by its breaker; `in`, because a pipeline without one must not go unwatched unnoticed. */
const breakerOf = (given: AlertSource): AlertSource => {
  const readable = (typeof given === 'object' && given !== null) || typeof given === 'function';
  const breaker = readable && 'circuitBreaker' in given ? given.circuitBreaker : given;
  if (!readable || typeof breaker?.on !== 'function' || !('state' in breaker))
    throw new TypeError(
      `a source of alerts must be a circuit breaker or a pipeline with one, got ${readable ? `"${given.name}"` : show(given)}`,
    );
  return breaker;
};
