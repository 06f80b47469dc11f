import { loggingMetrics } from '@agent4/logging';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Everything `/metrics` shows. Labels are closed sets: routes by pattern, categories, names given in `compose.ts`. */
export const createMetrics = (sources: {
  pendingEmbeddings: () => Promise<number>;
  breakers: () => Iterable<[string, string]>;
  alerts: () => Iterable<[sink: string, { delivered: number; failed: number; dropped: number }]>;
  caches: () => Iterable<{
    cache: string;
    entries: number;
    loads: number;
    loadErrors: number;
    evictions: number;
  }>;
}) => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  new Gauge({
    name: 'memory_api_pending_embeddings',
    help: 'Memories stored without a vector so far',
    registers,
    async collect() {
      // A store that can not say leaves the last known number; its own health tells the rest.
      await sources.pendingEmbeddings().then(
        (count) => this.set(count),
        () => undefined,
      );
    },
  });
  const perCache = (
    name: string,
    help: string,
    pick: (stats: { entries: number; loads: number; loadErrors: number; evictions: number }) => number,
  ): void => {
    new Gauge({
      name,
      help,
      labelNames: ['cache'],
      registers,
      collect() {
        for (const { cache, ...stats } of sources.caches()) this.set({ cache }, pick(stats));
      },
    });
  };
  perCache('agent4_cache_entries', 'Entries in memory', (stats) => stats.entries);
  perCache('agent4_cache_loads', 'Loads since the start', (stats) => stats.loads);
  perCache('agent4_cache_load_errors', 'Failed loads since the start', (stats) => stats.loadErrors);
  perCache('agent4_cache_evictions', 'Entries that left memory unasked', (stats) => stats.evictions);

  const STATES = ['closed', 'half-open', 'open', 'isolated'] as const;
  new Gauge({
    name: 'agent4_breaker_state',
    help: '1 for the state a circuit breaker is in, 0 for the others',
    labelNames: ['policy', 'state'],
    registers,
    collect() {
      for (const [policy, now] of sources.breakers())
        for (const state of STATES) this.set({ policy, state }, state === now ? 1 : 0);
    },
  });

  new Counter({
    name: 'agent4_alert_notices_total',
    help: 'Alert notices by sink: sent, failed after all tries, or dropped from a full queue',
    labelNames: ['sink', 'outcome'],
    registers,
    collect() {
      // The watch counts, since it tells of failures and drops by events but of what it sent only here.
      this.reset();
      for (const [sink, { delivered, failed, dropped }] of sources.alerts()) {
        this.inc({ sink, outcome: 'sent' }, delivered);
        this.inc({ sink, outcome: 'failed' }, failed);
        this.inc({ sink, outcome: 'dropped' }, dropped);
      }
    },
  });

  return {
    /** All of it as Prometheus text, what logging counts of itself included. */
    exposition: async () => ({
      contentType: registry.contentType,
      text: `${await registry.metrics()}${loggingMetrics().toPrometheus()}`,
    }),
    requests: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Requests by route pattern and status, from the first byte to the end of the answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    aborted: new Counter({
      name: 'http_requests_aborted_total',
      help: 'Requests whose client left before the end of the answer',
      labelNames: ['method', 'route'],
      registers,
    }),
    errors: new Counter({
      name: 'agent4_errors_total',
      help: 'Failures answered to callers, by category and code',
      labelNames: ['category', 'code'],
      registers,
    }),
    cache: new Counter({
      name: 'agent4_cache_lookups_total',
      help: 'Cache lookups by tier and outcome',
      labelNames: ['cache', 'tier', 'outcome'],
      registers,
    }),
    retries: new Counter({
      name: 'agent4_retries_total',
      help: 'Second and later attempts of calls to a dependency',
      labelNames: ['policy'],
      registers,
    }),
    timeouts: new Counter({
      name: 'agent4_timeouts_total',
      help: 'Calls to a dependency that ran out of time',
      labelNames: ['policy'],
      registers,
    }),
    rejections: new Counter({
      name: 'agent4_rejections_total',
      help: 'Calls that a breaker or bulkhead refused to make',
      labelNames: ['policy', 'reason'],
      registers,
    }),
    transitions: new Counter({
      name: 'agent4_breaker_transitions_total',
      help: 'State changes of circuit breakers',
      labelNames: ['policy', 'to'],
      registers,
    }),
    embedded: new Counter({
      name: 'memory_api_embedded_later_total',
      help: 'Memories that got their vector after they were stored',
      registers,
    }),
  };
};

export type Metrics = ReturnType<typeof createMetrics>;
