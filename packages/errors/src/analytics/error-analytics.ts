import { type ErrorContext, handleError } from '../handle-error.ts';
import { isStructuredError, type StructuredError } from '../structured-error.ts';
import { factsOf, keyOf, sampleOf, titleOf } from './describe.ts';
import { type AnalyticsEvent, type AnalyticsEvents, type ErrorSpike, Events } from './events.ts';
import {
  type ErrorSnapshot,
  type ErrorTotals,
  type ErrorTrend,
  rateOf,
  spikeOf,
  trendOf,
  windowOf,
} from './figures.ts';
import { type ErrorGroup, type Group, otherKey, viewOf } from './group.ts';
import { Groups } from './groups.ts';
import type { Settings } from './options.ts';
import { type ErrorReport, type ReportOptions, reportMarkdown } from './report.ts';
import { Series } from './series.ts';

export class ErrorAnalytics {
  readonly #settings: Settings;
  readonly #events = new Events();
  #groups: Groups;
  #all = new Series();
  #recorded = 0;
  #cancelled = 0;
  #startedAt = 0;
  #latest = 0;
  #handling = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#groups = new Groups(settings.maxGroups);
    this.#startedAt = this.#now();
  }

  /**
   * Counts an error. Total: never throws, whatever the value, the clock or a listener does.
   * @param error A `StructuredError`, or any thrown value, which then goes through `handleError(error, context)`.
   * @returns The key it was counted under; undefined for a cancellation.
   */
  record(error: unknown, context: ErrorContext = {}): string | undefined {
    // handleError publishes: a subscriber that hands it back to us must not count it a second time.
    if (this.#handling) return undefined;
    let structured: StructuredError;
    this.#handling = true;
    try {
      structured = isStructuredError(error) ? error : handleError(error, context);
    } finally {
      this.#handling = false;
    }
    const { category, severity, cancelled } = factsOf(structured);
    this.#recorded++;
    if (cancelled) {
      this.#cancelled++;
      return undefined;
    }
    const now = this.#now();
    const { bucket, from } = windowOf(now, this.#settings);
    this.#all.add(bucket, from);
    const key = keyOf(structured, this.#settings.groupBy);
    let group = this.#groups.touch(key);
    const made = group === undefined && this.#groups.admit(key, now, from);
    if (made) group = this.#groups.add({ key, title: titleOf(structured), category, severity }, now);
    const counted = group ?? this.#groups.other;
    if (counted.count === 0 && !made) counted.firstSeen = now;
    const silent = now - counted.lastSeen >= this.#settings.silenceMs;
    const before = counted.state;
    counted.count++;
    counted.lastSeen = now;
    counted.series.add(bucket, from);
    this.#sample(counted, structured, now, bucket);
    const { name } = this.#settings;
    const view = (): ErrorGroup => viewOf(counted, from, bucket);
    if (made) this.#events.emit('new', () => ({ analytics: name, group: view() }));
    else if (group !== undefined && (before === 'resolved' || silent)) {
      counted.state = 'regressed';
      counted.regressedAt = now;
      const after = before === 'resolved' ? 'resolved' : 'silence';
      this.#events.emit('regressed', () => ({ analytics: name, group: view(), after }));
    }
    this.#watch(counted, bucket, from);
    return counted.key;
  }

  /**
   * Errors a minute over the last `windowMs` (default five buckets), rounded up to whole buckets and cut to the retention.
   * Of one group with `key`; 0 for one that is not there.
   */
  rate(options: { key?: string | undefined; windowMs?: number | undefined } = {}): number {
    const windowMs = options.windowMs ?? 5 * this.#settings.bucketMs;
    return rateOf(this.#seriesOf(options.key), this.#now(), this.#startedAt, windowMs, this.#settings);
  }

  /** Whether it gets more, of all errors or of one group. */
  trend(key?: string): ErrorTrend {
    return trendOf(this.#seriesOf(key), this.#now(), this.#startedAt, this.#settings);
  }

  /** The `n` groups with most errors within the retention; `_OTHER` is not among them. Default 10. */
  top(n = 10): ErrorGroup[] {
    const order = (a: ErrorGroup, b: ErrorGroup): number =>
      b.recent - a.recent || b.count - a.count || b.lastSeen - a.lastSeen || (a.key < b.key ? -1 : 1);
    return this.#views(() => true)
      .sort(order)
      .slice(0, Math.max(0, n));
  }

  /** Groups first seen at or after `sinceMs` (milliseconds since 1970; default: within the retention), latest first. */
  newSince(sinceMs: number = this.#retentionStart()): ErrorGroup[] {
    return this.#views(({ firstSeen }) => firstSeen >= sinceMs).sort((a, b) => b.firstSeen - a.firstSeen);
  }

  /** Groups that came back at or after `sinceMs` (as in `newSince`) and were not resolved again, latest first. */
  regressedSince(sinceMs: number = this.#retentionStart()): ErrorGroup[] {
    return this.#views(
      ({ state, regressedAt }) => state === 'regressed' && (regressedAt ?? 0) >= sinceMs,
    ).sort((a, b) => (b.regressedAt ?? 0) - (a.regressedAt ?? 0));
  }

  /** Groups, `_OTHER` included, whose current bucket stands out, the strongest first. */
  spikes(): ErrorSpike[] {
    const window = windowOf(this.#now(), this.#settings);
    return [...this.#groups.values(), this.#groups.other]
      .flatMap((group) => spikeOf(group, window, this.#settings) ?? [])
      .sort((a, b) => b.score - a.score);
  }

  /** Marks a group as mended: seen again, it has regressed. False when there is no such group. */
  resolve(key: string): boolean {
    const group = this.#groups.get(key);
    if (group !== undefined) group.state = 'resolved';
    return group !== undefined;
  }

  totals(): ErrorTotals {
    return {
      recorded: this.#recorded,
      cancelled: this.#cancelled,
      errors: this.#recorded - this.#cancelled,
      groups: this.#groups.size,
      other: this.#groups.other.count,
    };
  }

  /** What an operator wants to know, as plain JSON or as a page of Markdown. */
  report(options: ReportOptions & { format: 'markdown' }): string;
  report(options?: ReportOptions & { format?: 'json' | undefined }): ErrorReport;
  report(options: ReportOptions & { format?: 'json' | 'markdown' | undefined } = {}): ErrorReport | string {
    const { format = 'json', top = 10 } = options;
    if (format !== 'json' && format !== 'markdown')
      throw new TypeError(`format must be "json" or "markdown", got ${String(format)}`);
    const report: ErrorReport = {
      name: this.#settings.name,
      at: new Date(this.#now()).toISOString(),
      since: new Date(Math.max(this.#retentionStart(), this.#startedAt)).toISOString(),
      totals: this.totals(),
      ratePerMinute: this.rate(),
      trend: this.trend(),
      spikes: this.spikes().slice(0, top),
      regressed: this.regressedSince().slice(0, top),
      new: this.newSince().slice(0, top),
      top: this.top(top),
    };
    return format === 'markdown' ? reportMarkdown(report) : report;
  }

  snapshot(): ErrorSnapshot {
    const { name, bucketMs } = this.#settings;
    const at = this.#now();
    const { bucket, from } = windowOf(at, this.#settings);
    const whole = (group: Group): ErrorSnapshot['groups'][number] => ({
      ...viewOf(group, from, bucket),
      buckets: group.series.entries(from, bucket).map(([start, count]) => [start * bucketMs, count]),
    });
    const { other } = this.#groups;
    const groups = [...this.#groups.values()].map(whole).sort((a, b) => b.lastSeen - a.lastSeen);
    if (other.count > 0) groups.push(whole(other));
    return { name, at, startedAt: this.#startedAt, bucketMs, totals: this.totals(), groups };
  }

  /** Forgets all errors; listeners stay. */
  reset(): void {
    this.#groups = new Groups(this.#settings.maxGroups);
    this.#all = new Series();
    this.#recorded = 0;
    this.#cancelled = 0;
    this.#startedAt = this.#now();
  }

  /** Subscribes; the answer unsubscribes. The same payload goes to `node:diagnostics_channel` `agent4:errors:<event>`. */
  on<E extends AnalyticsEvent>(event: E, listener: (payload: AnalyticsEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** Never goes back, never fails: a clock that does is held at its highest time. */
  #now(): number {
    let now: unknown;
    try {
      now = this.#settings.clock();
    } catch {
      // The last time known stands.
    }
    if (typeof now === 'number' && now > this.#latest && now <= 8.64e15) this.#latest = now;
    return this.#latest;
  }

  #retentionStart(): number {
    return windowOf(this.#now(), this.#settings).from * this.#settings.bucketMs;
  }

  #seriesOf(key: string | undefined): Series | undefined {
    if (key === undefined) return this.#all;
    return key === otherKey ? this.#groups.other.series : this.#groups.get(key)?.series;
  }

  #views(keep: (group: Group) => boolean): ErrorGroup[] {
    const { bucket, from } = windowOf(this.#now(), this.#settings);
    return [...this.#groups.values()].filter(keep).map((group) => viewOf(group, from, bucket));
  }

  /** The first ones, then the latest of each bucket's first: making one costs more than counting. */
  #sample(group: Group, structured: StructuredError, now: number, bucket: number): void {
    const { maxSamples, bucketMs } = this.#settings;
    const { samples } = group;
    const last = samples.at(-1);
    if (maxSamples === 0 || group.key === otherKey) return;
    if (samples.length === maxSamples && last && Math.floor(last.at / bucketMs) === bucket) return;
    if (samples.push(sampleOf(structured, now)) > maxSamples) samples.shift();
  }

  #watch(group: Group, bucket: number, from: number): void {
    if (group.spikeBucket === bucket) return;
    const spike = spikeOf(group, { bucket, from }, this.#settings);
    if (spike === undefined) return;
    const lasting = group.spikeBucket === bucket - 1;
    group.spikeBucket = bucket;
    if (!lasting) this.#events.emit('spike', () => ({ analytics: this.#settings.name, ...spike }));
  }
}
