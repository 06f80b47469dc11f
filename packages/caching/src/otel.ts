// @agent4/caching/otel: statistics as observable instruments of an OpenTelemetry meter. Nothing here imports the API.
import { describe } from './describe.ts';
import { metricsOf, type StatsSource } from './metrics/rows.ts';

export type { StatsSource } from './metrics/rows.ts';

interface Observation {
  observe(instrument: object, value: number, attributes?: Record<string, string>): void;
}

/** What is needed of an OpenTelemetry `Meter`. */
export interface MeterLike {
  createObservableCounter(name: string, options?: { description?: string; unit?: string }): object;
  createObservableGauge(name: string, options?: { description?: string; unit?: string }): object;
  // Methods, not function types: the real meter's narrower parameters must fit.
  addBatchObservableCallback(callback: (result: Observation) => void, instruments: never[]): void;
  removeBatchObservableCallback(callback: (result: Observation) => void, instruments: never[]): void;
}

/**
 * Observes the statistics of a cache, of several, or of a CacheManager at each collection; it costs nothing between.
 * Names are those of `./prometheus` with dots (`agent4.cache.lookups`). The answer ends it.
 * @throws TypeError when `meter` or `source` is none, Error for two caches of one name.
 */
export function observeCaches(meter: MeterLike, source: StatsSource): () => void {
  if (typeof meter?.addBatchObservableCallback !== 'function')
    throw new TypeError(`meter must be an OpenTelemetry Meter, got ${describe(meter)}`);
  const instruments = new Map(
    metricsOf(source).map(({ name, kind, help, unit }) => {
      const options = {
        description: help,
        ...(unit === undefined ? {} : { unit: unit === 'seconds' ? 's' : 'By' }),
      };
      const dotted = name.replace('agent4_cache_', 'agent4.cache.');
      const made =
        kind === 'counter'
          ? meter.createObservableCounter(dotted, options)
          : meter.createObservableGauge(dotted, options);
      return [name, made] as const;
    }),
  );
  const observe = (result: Observation): void => {
    for (const { name, values } of metricsOf(source))
      for (const { labels, value } of values) result.observe(instruments.get(name)!, value, labels);
  };
  const all = [...instruments.values()] as never[];
  meter.addBatchObservableCallback(observe, all);
  return () => meter.removeBatchObservableCallback(observe, all);
}
