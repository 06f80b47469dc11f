import type { ErrorSpike } from './events.ts';
import type { ErrorTotals, ErrorTrend } from './figures.ts';
import type { ErrorGroup } from './group.ts';

export interface ReportOptions {
  /** Most groups in each list. Default 10. */
  top?: number | undefined;
}

/** Plain JSON. Each list is cut to `top`. */
export interface ErrorReport {
  name: string;
  /** ISO 8601, UTC, like `since`, from when on rates and lists count. */
  at: string;
  since: string;
  totals: ErrorTotals;
  ratePerMinute: number;
  trend: ErrorTrend;
  spikes: ErrorSpike[];
  regressed: ErrorGroup[];
  new: ErrorGroup[];
  top: ErrorGroup[];
}

/** Words of an error are text here: none may become a cell, a link, a heading, a mention or markup. */
const asText = (text: string): string =>
  text
    .replace(/[\\`*_[\]()#+!|~]/g, '\\$&')
    .replace(/[<>&@]/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replace(/:(?=\/\/)|(?<=www)\./gi, (sign) => `&#${sign.charCodeAt(0)};`);
const time = (ms: number): string => new Date(ms).toISOString();

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] => [
  `| ${head.join(' | ')} |`,
  `| ${head.map(() => '---').join(' | ')} |`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
  '',
];

const list = (heading: string, groups: readonly ErrorGroup[]): string[] =>
  groups.length === 0
    ? []
    : [
        `## ${heading}`,
        '',
        ...table(
          ['error', 'category', 'recent', 'all', 'first seen', 'last seen', 'key'],
          groups.map((group) => [
            asText(group.title),
            group.category,
            group.recent,
            group.count,
            time(group.firstSeen),
            time(group.lastSeen),
            asText(group.key),
          ]),
        ),
      ];

export const reportMarkdown = (report: ErrorReport): string => {
  const { totals, trend } = report;
  const spikes = report.spikes.map(({ group, count, median, score }) => [
    asText(group.title),
    count,
    median,
    score.toFixed(1),
    asText(group.key),
  ]);
  return [
    `# Errors: ${asText(report.name)}`,
    '',
    `${report.since} to ${report.at}`,
    '',
    ...table(
      ['errors', 'a minute', 'trend', 'groups', 'without a group', 'cancelled'],
      [
        [
          totals.errors,
          report.ratePerMinute.toFixed(2),
          `${trend.direction} (${trend.previous} to ${trend.current})`,
          totals.groups,
          totals.other,
          totals.cancelled,
        ],
      ],
    ),
    ...(spikes.length === 0
      ? []
      : ['## Spikes', '', ...table(['error', 'this bucket', 'usual', 'score', 'key'], spikes)]),
    ...list('Regressed', report.regressed),
    ...list('New', report.new),
    ...list('Most frequent', report.top),
  ]
    .join('\n')
    .trimEnd();
};
