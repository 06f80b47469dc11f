import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { baselineOf } from '../src/analytics/baseline.ts';
import { createErrorAnalytics, type ErrorAnalytics, type ErrorAnalyticsOptions } from '../src/analytics.ts';

const coded = (code: string): object => ({ name: 'Coded', code, message: 'no stack' });
const start = 1_200_000;
const setUp = (options: ErrorAnalyticsOptions = {}) => {
  const time = { now: start };
  const analytics = createErrorAnalytics({
    bucketMs: 1_000,
    retentionMs: 60_000,
    clock: () => time.now,
    ...options,
  });
  return { time, analytics };
};
const times = (analytics: ErrorAnalytics, count: number, code = 'E1'): void => {
  for (let at = 0; at < count; at++) analytics.record(coded(code));
};
/** `counts` errors in one bucket after the other; stays in the last. */
const fill = (setup: ReturnType<typeof setUp>, counts: readonly number[], code?: string): void => {
  for (const [at, count] of counts.entries()) {
    if (at > 0) setup.time.now += 1_000;
    times(setup.analytics, count, code);
  }
};

describe('rate', () => {
  it('is 0 with nothing recorded and for a key that is not there', () => {
    const { analytics } = setUp();
    expect(analytics.rate()).toBe(0);
    times(analytics, 3);
    expect(analytics.rate({ key: 'nothing' })).toBe(0);
  });

  it('is errors a minute over whole buckets, of all and of one group', () => {
    const setup = setUp();
    const { analytics, time } = setup;
    fill(setup, [5, 5, 5, 5, 5]);
    const key = analytics.record(coded('E2'));
    time.now += 999;
    // 26 errors in 4,999 ms.
    expect(analytics.rate({ windowMs: 5_000 })).toBeCloseTo((26 * 60_000) / 4_999, 6);
    expect(analytics.rate({ key, windowMs: 1 })).toBe(60);
  });

  it('takes the first error for one a bucket, not for one a millisecond', () => {
    const { analytics } = setUp();
    times(analytics, 1);
    expect(analytics.rate()).toBe(60);
  });

  it('stays finite for any window', () => {
    const { analytics } = setUp();
    times(analytics, 2);
    for (const windowMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e300])
      expect(Number.isFinite(analytics.rate({ windowMs }))).toBe(true);
  });
});

describe('trend', () => {
  it.each([
    ['rising', [2, 2, 2, 2, 2, 9, 9, 9, 9, 9, 0], { current: 45, previous: 10, ratio: 4.5 }],
    ['falling', [9, 9, 9, 9, 9, 2, 2, 2, 2, 2, 0], { current: 10, previous: 45, ratio: 10 / 45 }],
    ['steady', [5, 4, 6, 5, 5, 6, 4, 5, 6, 5, 0], { current: 26, previous: 25, ratio: 26 / 25 }],
    ['rising', [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0], { current: 5, previous: 0, ratio: null }],
    ['steady', [0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0], { current: 4, previous: 0, ratio: null }],
    ['unknown', [9, 9, 9, 0], { current: 27, previous: 0, ratio: null }],
  ] as const)('is %s for %j', (direction, counts, figures) => {
    const setup = setUp();
    fill(setup, counts);
    expect(setup.analytics.trend()).toEqual({ direction, ...figures });
  });

  it('does not count the bucket that is still filling', () => {
    const setup = setUp();
    fill(setup, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100]);
    expect(setup.analytics.trend()).toMatchObject({ direction: 'steady', current: 5 });
  });

  it('is told of one group by its key', () => {
    const setup = setUp();
    const key = setup.analytics.record(coded('E2'));
    fill(setup, [1, 1, 1, 1, 1, 9, 9, 9, 9, 9, 0]);
    expect(setup.analytics.trend(key)).toMatchObject({ direction: 'steady', current: 0, previous: 1 });
  });
});

describe('spikes', () => {
  it('finds a burst over a steady baseline, as soon as it shows', () => {
    const setup = setUp();
    const heard: unknown[] = [];
    setup.analytics.on('spike', ({ count, median, score }) => heard.push([count, median, score]));
    fill(setup, [4, 4, 4, 4, 4, 4, 13]);
    expect(heard).toEqual([]);
    times(setup.analytics, 20);
    // Deviation: the noise of counting, √4 = 2; 4 + 5 × 2 = 14 is the first that stands out.
    expect(heard).toEqual([[14, 4, 5]]);
    expect(setup.analytics.spikes()).toMatchObject([{ count: 33, median: 4, score: 14.5, since: 1_206_000 }]);
  });

  it('needs ten errors, whatever the baseline', () => {
    const setup = setUp();
    fill(setup, [1, 0, 0, 0, 0, 0, 9]);
    expect(setup.analytics.spikes()).toEqual([]);
    times(setup.analytics, 1);
    expect(setup.analytics.spikes()).toMatchObject([{ count: 10, median: 0, score: 10 }]);
  });

  it('needs five earlier buckets: what is new is new and no spike', () => {
    const setup = setUp();
    fill(setup, [1], 'OTHER');
    setup.time.now += 30_000;
    fill(setup, [100, 1, 1, 1, 100]);
    expect(setup.analytics.spikes()).toEqual([]);
  });

  it('is not fooled by one earlier burst, nor alarmed by what scatters anyway', () => {
    const one = setUp();
    fill(one, [3, 3, 500, 3, 3, 3, 40]);
    expect(one.analytics.spikes()).toMatchObject([{ count: 40, median: 3 }]);
    const scattering = setUp();
    fill(scattering, [5, 60, 10, 80, 20, 70, 110]);
    expect(scattering.analytics.spikes()).toEqual([]);
  });

  it('takes what lasts for usual after a while', () => {
    const setup = setUp();
    let heard = 0;
    setup.analytics.on('spike', () => {
      heard++;
    });
    fill(setup, [...Array.from({ length: 6 }, () => 1), 50, ...Array.from({ length: 20 }, () => 40), 0, 50]);
    expect([heard, setup.analytics.spikes()]).toEqual([1, []]);
  });

  it('is announced once per episode', () => {
    const setup = setUp();
    let heard = 0;
    setup.analytics.on('spike', () => {
      heard++;
    });
    fill(setup, [1, 1, 1, 1, 1, 1, 50, 60, 70]);
    expect(heard).toBe(1);
    fill(setup, [70, 0, 0, 0, 0, 1, 200]);
    expect(heard).toBe(2);
  });

  it('ignores cancellations', () => {
    const setup = setUp();
    fill(setup, [1, 1, 1, 1, 1, 1, 1]);
    for (let at = 0; at < 100; at++) setup.analytics.record(new DOMException('left', 'AbortError'));
    expect(setup.analytics.spikes()).toEqual([]);
  });

  it('finds a flood of errors that differ, in _OTHER', () => {
    const setup = setUp({ maxGroups: 1 });
    for (let bucket = 0; bucket < 7; bucket++) {
      for (let at = 0; at < 3; at++) times(setup.analytics, 1, `E${bucket}${at}`);
      setup.time.now += 1_000;
    }
    for (let at = 0; at < 50; at++) times(setup.analytics, 1, `F${at}`);
    expect(setup.analytics.spikes()).toMatchObject([{ group: { key: '_OTHER' }, count: 50 }]);
  });

  it('crosses a gap of a century without visiting its buckets', () => {
    const setup = setUp({ bucketMs: 1, retentionMs: 10_000 });
    times(setup.analytics, 5);
    setup.time.now += 100 * 365 * 86_400_000;
    times(setup.analytics, 20);
    expect(setup.analytics.spikes()).toMatchObject([{ count: 20, median: 0, score: 20 }]);
    expect(setup.analytics.top()[0]).toMatchObject({ count: 25, recent: 20 });
    expect(setup.analytics.snapshot().groups[0]?.buckets).toHaveLength(1);
  });

  it('never gives a figure that is not finite', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { minLength: 1, maxLength: 30 }), (counts) => {
        const setup = setUp();
        fill(setup, counts);
        const report = setup.analytics.report();
        const figures = [
          report.ratePerMinute,
          report.trend.ratio ?? 0,
          ...report.spikes.map(({ score }) => score),
        ];
        expect(figures.every(Number.isFinite)).toBe(true);
        expect(JSON.parse(JSON.stringify(report))).toEqual(report);
      }),
      { numRuns: 50 },
    );
  });
});

it('works the baseline out as if the empty buckets were there', () => {
  const median = (values: readonly number[]): number => {
    const sorted = [...values].sort((a, b) => a - b);
    return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  };
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 20 }),
      (counts, zeros) => {
        const all = [...counts, ...Array.from({ length: zeros }, () => 0)];
        const middle = median(all);
        const mad = median(all.map((count) => Math.abs(count - middle)));
        expect(baselineOf(counts, all.length)).toEqual({
          median: middle,
          deviation: Math.max(1.4826 * mad, Math.sqrt(middle), 1),
        });
      },
    ),
  );
});
