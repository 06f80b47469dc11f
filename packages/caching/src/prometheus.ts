// @agent4/caching/prometheus: statistics in Prometheus' text format. Needs no library.
import { metricsOf, type StatsSource } from './metrics/rows.ts';

export type { StatsSource } from './metrics/rows.ts';

const escaped = (text: string): string =>
  text.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`));

/**
 * The statistics of a cache, of several, or of a CacheManager, in text format 0.0.4, for the answer to a scrape
 * (`content-type: text/plain; version=0.0.4`). Names begin with `agent4_cache_`; the label `cache` is the cache's name.
 * @throws TypeError for what is no source, Error for two caches of one name.
 */
export function prometheusText(source: StatsSource): string {
  const lines: string[] = [];
  for (const { name, kind, help, unit, values } of metricsOf(source)) {
    if (values.length === 0) continue;
    const full = [name, ...(unit === undefined ? [] : [unit]), ...(kind === 'counter' ? ['total'] : [])].join(
      '_',
    );
    lines.push(`# HELP ${full} ${help}`, `# TYPE ${full} ${kind}`);
    for (const { labels, value } of values) {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
      lines.push(`${full}{${pairs.join(',')}} ${value}`);
    }
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
