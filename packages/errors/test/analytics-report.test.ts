import { describe, expect, it } from '@jest/globals';
import { createErrorAnalytics } from '../src/analytics.ts';

const at = Date.UTC(2026, 0, 1, 12);

const filled = () => {
  const time = { now: at };
  const analytics = createErrorAnalytics({
    name: 'orders|api',
    clock: () => time.now,
    groupBy: () => undefined,
  });
  for (let count = 0; count < 3; count++)
    analytics.record({ name: 'Coded', code: 'E1', message: 'user 17 is gone' });
  analytics.record({ name: 'Bad|<b>[x](http://y.example)', code: 'A_B', message: '@all see www.z.example' });
  analytics.record(new DOMException('left', 'AbortError'));
  time.now += 60_000;
  return analytics;
};

describe('report', () => {
  it('is plain JSON', () => {
    const report = filled().report({ top: 1 });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report).toMatchObject({
      name: 'orders|api',
      at: '2026-01-01T12:01:00.000Z',
      since: '2026-01-01T12:00:00.000Z',
      totals: { recorded: 5, cancelled: 1, errors: 4, groups: 2, other: 0 },
      ratePerMinute: 4,
      trend: { direction: 'unknown', current: 4, previous: 0, ratio: null },
      spikes: [],
      regressed: [],
      top: [{ title: 'Coded E1: user <n> is gone', count: 3 }],
    });
    expect(report.new).toHaveLength(1);
  });

  it('is a page of Markdown in which words of an error are text', () => {
    const lines = filled().report({ format: 'markdown' }).split('\n');
    expect(lines.slice(0, 7)).toEqual([
      '# Errors: orders\\|api',
      '',
      '2026-01-01T12:00:00.000Z to 2026-01-01T12:01:00.000Z',
      '',
      '| errors | a minute | trend | groups | without a group | cancelled |',
      '| --- | --- | --- | --- | --- | --- |',
      '| 4 | 4.00 | unknown (0 to 4) | 2 | 0 | 1 |',
    ]);
    const row = lines.find((line) => line.startsWith('| Bad'));
    expect(row).toContain(
      'Bad\\|&#60;b&#62;\\[x\\]\\(http&#58;//y.example\\) A\\_B: &#64;all see &#60;hostname&#62;',
    );
    expect(lines.filter((line) => line.startsWith('#'))).toEqual([
      '# Errors: orders\\|api',
      '## New',
      '## Most frequent',
    ]);
  });

  it('refuses a format it does not know', () => {
    expect(() => filled().report({ format: 'html' as 'json' })).toThrow(
      'format must be "json" or "markdown", got html',
    );
  });
});
