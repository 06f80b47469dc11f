// The whole public surface of @agent4/errors/analytics.
import { ErrorAnalytics } from './analytics/error-analytics.ts';
import { type ErrorAnalyticsOptions, settingsOf } from './analytics/options.ts';

export type { ErrorAnalytics } from './analytics/error-analytics.ts';
export type { AnalyticsEvent, AnalyticsEvents, ErrorSpike } from './analytics/events.ts';
export type { ErrorSnapshot, ErrorTotals, ErrorTrend } from './analytics/figures.ts';
export type { ErrorGroup, ErrorSample } from './analytics/group.ts';
export type { ErrorAnalyticsOptions, SpikeOptions } from './analytics/options.ts';
export type { ErrorReport, ReportOptions } from './analytics/report.ts';
export { messageTemplate } from './message-template.ts';

/**
 * Counts errors by kind within bounded memory: what is frequent, what is new, what came back, what spikes.
 * @throws RangeError or TypeError here, naming the option, for one that makes no sense.
 */
export const createErrorAnalytics = (options: ErrorAnalyticsOptions = {}): ErrorAnalytics =>
  new ErrorAnalytics(settingsOf(options));
