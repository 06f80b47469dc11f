import { subscribe } from 'node:diagnostics_channel';
import type { Cache } from '@agent4/caching';
import { handleError } from '@agent4/errors';
import { type LevelEvent, levelReport } from '@agent4/logging';
import type { Pipeline } from '@agent4/resilience';
import type { FastifyInstance } from 'fastify';
import type { Alerting } from './alerting.ts';
import type { BackfillOptions } from './domain/backfill.ts';
import type { ErrorReport } from './http/errors.ts';
import type { Metrics } from './metrics.ts';

/** The logger contract: winston's and console's satisfy it. */
export interface Log {
  debug(message: string, fields?: object): unknown;
  info(message: string, fields?: object): unknown;
  warn(message: string, fields?: object): unknown;
  error(message: string, fields?: object): unknown;
}

/**
 * The one place that knows both sides: packages emit, this turns it into log lines and metrics.
 * Events arrive inside the call that caused them, so each line has its correlation id.
 */
export const createObserver = (log: Log, metrics: Metrics) => {
  /** What a log line may say of an error: the allow-list of its structured form. */
  const record = (error: unknown): object => handleError(error).toLogRecord();

  return {
    policy(policy: Pick<Pipeline, 'on'>): void {
      policy.on('retry', ({ policy: name, attempt, delayMs, error }) => {
        metrics.retries.inc({ policy: name });
        log.warn('call is retried', { policy: name, attempt, delayMs, error: record(error) });
      });
      policy.on('timeout', ({ policy: name, timeoutMs }) => {
        metrics.timeouts.inc({ policy: name });
        log.warn('call timed out', { policy: name, timeoutMs });
      });
      policy.on('reject', ({ policy: name, reason, retryAfterMs }) => {
        metrics.rejections.inc({ policy: name, reason });
        log.debug('call was not made', { policy: name, reason, retryAfterMs });
      });
    },

    /** Once for each circuit: every policy that shares one tells of it. */
    breaker(breaker: Pick<Pipeline, 'on'>): void {
      breaker.on('state', ({ policy: name, from, to, retryAfterMs, error }) => {
        metrics.transitions.inc({ policy: name, to });
        const fields = {
          policy: name,
          from,
          to,
          retryAfterMs,
          error: error === undefined ? undefined : record(error),
        };
        // Each step, under the id of the request it happened in. At info, since that it is ill is told by the alert: once
        // an outage, at error or warn, and under no request's id.
        log.info(`circuit ${to === 'open' ? 'opened' : to}`, fields);
      });
    },

    /** An alert that reaches nobody must at least be seen here. */
    alerting(alerting: Pick<Alerting, 'on'>): void {
      alerting.on('alert-failure', ({ sink, id, type, code }) =>
        log.error('alert was not sent', { sink, notice: id, type, code }),
      );
      alerting.on('alert-drop', ({ sink, id, type }) =>
        log.error('alert was dropped', { sink, notice: id, type }),
      );
    },

    cache(cache: Pick<Cache<unknown>, 'on'>): void {
      cache.on('hit', ({ cache: name, tier }) => metrics.cache.inc({ cache: name, tier, outcome: 'hit' }));
      cache.on('miss', ({ cache: name }) => metrics.cache.inc({ cache: name, tier: 'all', outcome: 'miss' }));
      cache.on('stale', ({ cache: name, tier, reason, error }) => {
        metrics.cache.inc({ cache: name, tier, outcome: 'stale' });
        log.warn('stale value served', {
          cache: name,
          tier,
          reason,
          error: error === undefined ? undefined : record(error),
        });
      });
      cache.on('store-error', ({ cache: name, tier, operation, error }) =>
        log.warn('cache store failed', { cache: name, tier, operation, error: record(error) }),
      );
    },

    /** Counts every request once, hijacked answers and clients that left included. */
    requests(app: FastifyInstance): void {
      app.addHook('onRequest', (request, reply, done) => {
        const start = performance.now();
        let finished = false;
        reply.raw.once('finish', () => {
          finished = true;
        });
        reply.raw.once('close', () => {
          const labels = { method: request.method, route: request.routeOptions.url ?? 'unmatched' };
          if (!finished) metrics.aborted.inc(labels);
          metrics.requests.observe(
            { ...labels, status: reply.raw.statusCode },
            (performance.now() - start) / 1000,
          );
        });
        done();
      });
    },

    /** A failure that is answered to a caller, over whichever skin. */
    failure({ structured, status }: ErrorReport): void {
      const { category } = structured.classification;
      metrics.errors.inc({ category, code: structured.public.code });
      const fields = { error: structured.toLogRecord(), status };
      if (status >= 500) log.error('request failed', fields);
      else log.debug('request refused', fields);
    },

    embeddingUnavailable(error: unknown): void {
      log.warn('embedder could not answer; going on without a vector', { error: record(error) });
    },

    accessLogLost(error: unknown): void {
      log.error('access log entry lost', { error: record(error) });
    },

    backfill: {
      onProgress(stored: number): void {
        metrics.embedded.inc(stored);
        log.info('memories embedded later', { stored });
      },
      onError(error: unknown, what: Parameters<BackfillOptions['onError']>[1]): void {
        log.warn('embedding later failed', { ...what, error: record(error) });
      },
    },
  };
};

/** Says which level is in force, and until when. Levels are the process's, not one server's: `main.ts` asks for it once. */
export const observeLevels = (log: Log): void =>
  subscribe('agent4:logging:level', (message) => {
    const { level, action, until } = message as LevelEvent;
    if (action === 'changed')
      log.info('log level changed', {
        to: level,
        until: until === undefined ? undefined : new Date(until).toISOString(),
      });
    // A second signal ends the first one's change, but the level stays.
    else if (levelReport().changes.length === 0) log.info('log level is as before');
  });
