import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Series } from '../src/analytics/series.ts';
import { createErrorAnalytics, type ErrorAnalyticsOptions } from '../src/analytics.ts';
import { ConflictError, handleError, type StructuredError } from '../src/index.ts';

const coded = (code: string): object => ({ name: 'Coded', code, message: 'no stack' });
const withClock = (options: ErrorAnalyticsOptions = {}) => {
  const time = { now: 1_000_000 };
  return { time, analytics: createErrorAnalytics({ clock: () => time.now, ...options }) };
};

describe('counting', () => {
  it('counts equal faults in one group and others apart, with first and last time', () => {
    const { time, analytics } = withClock();
    const thrown = (): Error => new ConflictError('twice');
    const key = analytics.record(thrown());
    time.now += 5_000;
    analytics.record(coded('E1'));
    expect(analytics.record(thrown())).toBe(key);
    expect(analytics.totals()).toEqual({ recorded: 3, cancelled: 0, errors: 3, groups: 2, other: 0 });
    expect(analytics.top().map(({ title, count }) => [title, count])).toEqual([
      ['ConflictError CONFLICT in thrown (analytics-groups.test.ts)', 2],
      ['Coded E1: no stack', 1],
    ]);
    expect(analytics.top(1)[0]).toMatchObject({
      key,
      category: 'CONFLICT',
      severity: 'warning',
      recent: 2,
      firstSeen: 1_000_000,
      lastSeen: 1_005_000,
      state: 'active',
    });
  });

  it('takes a structured error as it is, and groups it like the raw one', () => {
    const { analytics } = withClock();
    const error = new ConflictError('twice');
    const structured = handleError(error);
    expect(analytics.record(structured)).toBe(structured.fingerprint);
    expect(analytics.record(error)).toBe(structured.fingerprint);
  });

  it('counts a cancellation as cancelled and gives it no group', () => {
    const { analytics } = withClock();
    expect(analytics.record(new DOMException('left', 'AbortError'))).toBeUndefined();
    expect(analytics.totals()).toEqual({ recorded: 1, cancelled: 1, errors: 0, groups: 0, other: 0 });
    expect(analytics.rate()).toBe(0);
  });

  it('counts once when a subscriber of handleError records as well', () => {
    const { analytics } = withClock();
    const listen = (message: unknown): void => {
      analytics.record(message);
    };
    subscribe('agent4:errors:handled', listen);
    analytics.record(coded('E1'));
    handleError(coded('E2'));
    unsubscribe('agent4:errors:handled', listen);
    expect(analytics.totals().recorded).toBe(2);
  });

  it('groups by a key of the user, and by fingerprint where that gives none or throws', () => {
    const keys: (string | undefined)[] = ['mine', '', undefined];
    const groupBy = (): string | undefined => {
      if (keys.length === 0) throw new Error('broken');
      return keys.shift();
    };
    const { analytics } = withClock({ groupBy });
    const { fingerprint } = handleError(coded('E1'));
    const got = [1, 2, 3, 4].map(() => analytics.record(coded('E1')));
    expect(got).toEqual(['mine', fingerprint, fingerprint, fingerprint]);
  });

  it('keeps totals equal to what was recorded whatever comes in whatever order', () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.nat(40).map((n) => ({ error: coded(`E${n}`), skip: 0 })) },
      fc.constant({ error: new DOMException('left', 'AbortError') as object, skip: 0 }),
      fc.integer({ min: -100_000, max: 10_000_000 }).map((skip) => ({ error: coded('T'), skip })),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 8 }), (steps, maxGroups) => {
        const { time, analytics } = withClock({ maxGroups, bucketMs: 1_000, retentionMs: 10_000 });
        const buckets: number[] = [];
        let latest = 0;
        for (const { error, skip } of steps) {
          time.now += skip;
          // The instance has seen the start's time; a clock that goes back is held.
          latest = Math.max(latest, time.now, 1_000_000);
          if (analytics.record(error) !== undefined) buckets.push(Math.floor(latest / 1_000));
        }
        const { recorded, cancelled, errors, groups, other } = analytics.totals();
        const kept = analytics.top(Number.POSITIVE_INFINITY);
        expect(recorded).toBe(steps.length);
        expect(errors + cancelled).toBe(recorded);
        expect(kept.reduce((sum, { count }) => sum + count, 0) + other).toBe(errors);
        expect(groups).toBe(kept.length);
        expect(groups).toBeLessThanOrEqual(maxGroups);
        // Each error within the retention is in exactly one group's buckets.
        const inBuckets = analytics
          .snapshot()
          .groups.flatMap((group) => group.buckets)
          .reduce((sum, [, count]) => sum + count, 0);
        const first = Math.floor(Math.max(latest, 1_000_000) / 1_000) - 10;
        expect(inBuckets).toBe(buckets.filter((bucket) => bucket >= first).length);
      }),
      { numRuns: 200 },
    );
  });
});

describe('bounds', () => {
  it('counts 100,000 unique errors exactly in as many groups as it may have', () => {
    const { analytics } = withClock({ maxGroups: 50 });
    for (let at = 0; at < 100_000; at++) analytics.record(coded(`E${at}`));
    expect(analytics.totals()).toEqual({
      recorded: 100_000,
      cancelled: 0,
      errors: 100_000,
      groups: 50,
      other: 99_950,
    });
    expect(analytics.snapshot().groups).toHaveLength(51);
  }, 60_000);

  it('gives a new frequent error a group in the middle of a flood, and the flood displaces none that matters', () => {
    const { analytics } = withClock({ maxGroups: 20 });
    for (let at = 0; at < 100; at++) analytics.record(coded('OLD'));
    for (let at = 0; at < 2_000; at++) {
      analytics.record(coded(`E${at}`));
      if (at >= 1_000 && at % 10 === 0) analytics.record(coded('FREQUENT'));
    }
    const [first, second] = analytics.top(2);
    expect([first?.title, first?.count]).toEqual(['Coded OLD: no stack', 100]);
    // Its first sighting is counted in _OTHER, its second got it a group.
    expect([second?.title, second?.count]).toEqual(['Coded FREQUENT: no stack', 99]);
    const { errors, other } = analytics.totals();
    expect(errors).toBe(2_200);
    expect(other + analytics.top(20).reduce((sum, { count }) => sum + count, 0)).toBe(2_200);
  });

  it('hands the place of a group that nobody saw within the retention to a newcomer', () => {
    const { time, analytics } = withClock({ maxGroups: 1, bucketMs: 1_000, retentionMs: 5_000 });
    for (let at = 0; at < 50; at++) analytics.record(coded('STRONG'));
    for (let at = 0; at < 3; at++) expect(analytics.record(coded('LATE'))).toBe('_OTHER');
    time.now += 7_000;
    expect(analytics.record(coded('LATE'))).not.toBe('_OTHER');
    expect(analytics.totals()).toMatchObject({ errors: 54, groups: 1, other: 53 });
    expect(analytics.top()[0]).toMatchObject({ count: 1, firstSeen: 1_000_000 });
  });

  it('gives no place to what came once, not even that of a group nobody sees any more', () => {
    const { time, analytics } = withClock({ maxGroups: 1, bucketMs: 1_000, retentionMs: 5_000 });
    analytics.record(coded('GONE'));
    time.now += 7_000;
    expect(analytics.record(coded('E1'))).toBe('_OTHER');
    expect(analytics.record(coded('E1'))).not.toBe('_OTHER');
  });

  it('gives a place only to what was seen more often than the weakest', () => {
    const { analytics } = withClock({ maxGroups: 1 });
    for (const code of ['A', 'A', 'A', 'B', 'B', 'B']) analytics.record(coded(code));
    expect(analytics.top()[0]?.title).toBe('Coded A: no stack');
    analytics.record(coded('B'));
    expect(analytics.top()[0]?.title).toBe('Coded B: no stack');
  });

  it('takes the place of the longest unseen of equals', () => {
    const { analytics } = withClock({ maxGroups: 2 });
    for (const code of ['A', 'B', 'B', 'A', 'N', 'N', 'N']) analytics.record(coded(code));
    const titles = analytics.top().map(({ title }) => title);
    expect(titles.sort()).toEqual(['Coded A: no stack', 'Coded N: no stack']);
  });

  it('lets who lost its place wait from the start', () => {
    const { analytics } = withClock({ maxGroups: 2 });
    for (const code of ['B', 'B', 'B', 'A', 'N', 'N', 'A', 'A']) analytics.record(coded(code));
    const titles = analytics.top().map(({ title }) => title);
    expect(titles).toEqual(['Coded B: no stack', 'Coded A: no stack']);
    expect(analytics.record(coded('N'))).toBe('_OTHER');
  });

  it('forgets who waited for a place once as many others wait as there are places', () => {
    const { analytics } = withClock({ maxGroups: 2 });
    for (const code of ['A', 'B', 'WAITED', 'E1', 'E2']) analytics.record(coded(code));
    expect(analytics.record(coded('WAITED'))).toBe('_OTHER');
    expect(analytics.record(coded('WAITED'))).not.toBe('_OTHER');
  });

  it('keeps no bucket that is past the retention', () => {
    const series = new Series();
    for (let bucket = 0; bucket < 1_000; bucket++) series.add(bucket, bucket - 10);
    expect(series.entries(0, 1_000)).toHaveLength(11);
  });

  it('keeps few samples, cut, masked and without the megabyte they come from', () => {
    const { time, analytics } = withClock({ maxSamples: 2 });
    const secret = 'postgres://admin:hunter2@db';
    for (let at = 0; at < 5; at++) {
      const error = Object.assign(new Error(`${secret} ${'x'.repeat(1_000_000)}`), { code: 'E1' });
      analytics.record(error, { correlationId: `r${at}` });
      time.now += 60_000;
    }
    const { samples } = analytics.top()[0]!;
    expect(samples.map(({ correlationId }) => correlationId)).toEqual(['r3', 'r4']);
    for (const { message } of samples) {
      expect(message).toHaveLength(200);
      expect(message.startsWith('postgres://***@db xxx')).toBe(true);
    }
  });

  it('takes at most one sample a bucket once it has enough', () => {
    const { analytics } = withClock({ maxSamples: 2 });
    let read = 0;
    const structured = handleError(coded('E1'));
    const counted = new Proxy(structured, {
      get: (target, property) => {
        if (property === 'toJSON') read++;
        const value = Reflect.get(target, property, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }) as StructuredError;
    for (let at = 0; at < 100; at++) analytics.record(counted);
    expect(read).toBe(2);
    expect(analytics.top()[0]?.samples).toHaveLength(2);
  });

  it('records any value without a throw, whatever clock and listener do', () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const fake = new Proxy(handleError(new Error('x')), {
      get: (target, property) => {
        if (property === 'public' || typeof property === 'symbol')
          return Reflect.get(target, property, target);
        throw new Error('hostile');
      },
    });
    let calls = 0;
    const analytics = createErrorAnalytics({
      clock: () => {
        if (calls++ % 3 === 0) throw new Error('no clock');
        return calls % 3 === 0 ? Number.NaN : Number.POSITIVE_INFINITY;
      },
    });
    const values = [undefined, null, 404, 'text', 10n, Symbol('s'), revoked.proxy, fake, () => {}];
    for (const value of values) analytics.record(value);
    expect(analytics.totals().recorded).toBe(values.length);
    expect(JSON.stringify(analytics.report())).toContain('"at":"1970-01-01T00:00:00.000Z"');
  });
});

describe('grouping', () => {
  const at = (frames: string, message: string, code?: string): Error =>
    Object.assign(
      new Error(message),
      { stack: `Error: ${message}\n${frames}` },
      code === undefined ? {} : { code },
    );

  it('is stable under line shifts, ids, ports and timestamps', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.nat(9_999),
            fc.nat(200),
            fc.uuid(),
            fc.integer({ min: 1, max: 65_535 }),
            fc.date({ noInvalidDate: true }),
          ),
          {
            minLength: 2,
            maxLength: 5,
          },
        ),
        (shapes) => {
          const analytics = createErrorAnalytics();
          for (const [line, column, id, port, date] of shapes) {
            const message = `no user ${id} at 10.0.0.1:${port} on ${date.toISOString()}`;
            analytics.record(at(`    at load (/srv/app/users.ts:${line}:${column})`, message));
          }
          expect(analytics.totals().groups).toBe(1);
        },
      ),
    );
  });

  it('names the place in our own code, and that in a module where ours has no part', () => {
    const analytics = createErrorAnalytics();
    const inside =
      '    at Socket.connect (node:net:1:1)\n    at query (/srv/app/node_modules/pg/lib/client.js:1:1)';
    analytics.record(at(`${inside}\n    at Users.load (/srv/app/users.ts:3:1)`, 'm', 'A'));
    analytics.record(at(inside, 'm', 'B'));
    analytics.record(at('    at node:internal/timers:1:1', 'm', 'C'));
    const titles = analytics.top().map(({ title }) => title);
    expect(titles.sort()).toEqual([
      'Error A in load (users.ts)',
      'Error B in connect (node:net)',
      'Error C in timers',
    ]);
  });

  it('tells codes apart at one place', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[A-Z][A-Z0-9_]{2,12}$/), { minLength: 1, maxLength: 6 }),
        (codes) => {
          const analytics = createErrorAnalytics();
          for (const code of codes) analytics.record(at('    at load (/srv/app/users.ts:1:1)', 'm', code));
          expect(analytics.totals().groups).toBe(codes.length);
        },
      ),
    );
  });
});

describe('new, regressed, resolve, reset', () => {
  it('announces a group once when it is new, to its listeners and to the channel', () => {
    const { analytics } = withClock({ name: 'orders' });
    const heard: unknown[] = [];
    const shared: unknown[] = [];
    const listen = (message: unknown): void => {
      shared.push(message);
    };
    channel('agent4:errors:new').subscribe(listen);
    const stop = analytics.on('new', (payload) => heard.push(payload));
    analytics.record(coded('E1'));
    analytics.record(coded('E1'));
    stop();
    analytics.record(coded('E2'));
    channel('agent4:errors:new').unsubscribe(listen);
    expect(heard).toHaveLength(1);
    expect(heard[0]).toMatchObject({ analytics: 'orders', group: { title: 'Coded E1: no stack', count: 1 } });
    expect(shared).toHaveLength(2);
    expect(shared[0]).toBe(heard[0]);
  });

  it('lists what is new since a time', () => {
    const { time, analytics } = withClock();
    analytics.record(coded('OLD'));
    time.now += 10_000;
    const key = analytics.record(coded('NEW'));
    expect(analytics.newSince(1_010_000).map((group) => group.key)).toEqual([key]);
    expect(analytics.newSince()).toHaveLength(2);
  });

  it('says regressed when a resolved error comes back, once until it is resolved again', () => {
    const { time, analytics } = withClock();
    const heard: unknown[] = [];
    analytics.on('regressed', ({ after, group }) => heard.push([after, group.count, group.state]));
    const key = analytics.record(coded('E1'))!;
    expect(analytics.resolve('nothing')).toBe(false);
    expect(analytics.resolve(key)).toBe(true);
    expect(analytics.top()[0]?.state).toBe('resolved');
    expect(analytics.regressedSince()).toEqual([]);
    time.now += 1;
    analytics.record(coded('E1'));
    analytics.record(coded('E1'));
    expect(heard).toEqual([['resolved', 2, 'regressed']]);
    expect(analytics.regressedSince().map((group) => [group.key, group.regressedAt])).toEqual([
      [key, 1_000_001],
    ]);
    expect(analytics.regressedSince(1_000_002)).toEqual([]);
    analytics.resolve(key);
    analytics.record(coded('E1'));
    expect(heard).toHaveLength(2);
  });

  it('says regressed when an error comes back after silence', () => {
    const { time, analytics } = withClock({ silenceMs: 10_000 });
    const heard: unknown[] = [];
    analytics.on('regressed', ({ after }) => heard.push(after));
    for (const skip of [0, 9_999, 10_000]) {
      time.now += skip;
      analytics.record(coded('E1'));
    }
    expect(heard).toEqual(['silence']);
  });

  it('forgets all on reset and goes on with its listeners', () => {
    const { time, analytics } = withClock();
    const heard: unknown[] = [];
    analytics.on('new', () => heard.push('new'));
    analytics.record(coded('E1'));
    analytics.record(new DOMException('left', 'AbortError'));
    time.now += 1_000;
    analytics.reset();
    expect(analytics.rate()).toBe(0);
    expect(analytics.totals()).toEqual({ recorded: 0, cancelled: 0, errors: 0, groups: 0, other: 0 });
    expect(analytics.snapshot()).toMatchObject({ startedAt: 1_001_000, groups: [] });
    analytics.record(coded('E1'));
    expect(heard).toEqual(['new', 'new']);
  });

  it('gives a snapshot of plain data that later records do not change', () => {
    const { time, analytics } = withClock({ bucketMs: 1_000, retentionMs: 10_000, maxGroups: 1 });
    const key = analytics.record(coded('E1'));
    time.now += 2_500;
    analytics.record(coded('E1'));
    analytics.record(coded('E2'));
    const before = analytics.snapshot();
    analytics.record(coded('E1'));
    expect(JSON.parse(JSON.stringify(before))).toEqual(before);
    expect(before.groups.map((group) => [group.key, group.count, group.buckets])).toEqual([
      [
        key,
        2,
        [
          [1_000_000, 1],
          [1_002_000, 1],
        ],
      ],
      ['_OTHER', 1, [[1_002_000, 1]]],
    ]);
    expect(before.groups.at(-1)).toMatchObject({ firstSeen: 1_002_500, lastSeen: 1_002_500, samples: [] });
  });

  it('is not disturbed by a listener that throws', () => {
    const { analytics } = withClock();
    const warnings: unknown[] = [];
    const emitWarning = process.emitWarning;
    process.emitWarning = ((text: unknown) => warnings.push(text)) as typeof process.emitWarning;
    analytics.on('new', () => {
      throw new Error('listener');
    });
    analytics.record(coded('E1'));
    process.emitWarning = emitWarning;
    expect(analytics.totals().recorded).toBe(1);
    expect(warnings).toEqual(['A listener of the errors event "new" threw']);
    expect(() => analytics.on('old' as 'new', () => {})).toThrow(
      'there is no event "old"; there are new, regressed, spike',
    );
  });
});

describe('options', () => {
  const wrong: readonly [string, object][] = [
    ['maxGroups must be an integer from 1 to 100000, got 0', { maxGroups: 0 }],
    ['bucketMs must be an integer from 1 to 2147483648, got NaN', { bucketMs: Number.NaN }],
    [
      'retentionMs must be an integer from 2000 to 10000000, got 1000',
      { bucketMs: 1_000, retentionMs: 1_000 },
    ],
    ['silenceMs must be an integer from 1 to', { silenceMs: -1 }],
    ['maxSamples must be an integer from 0 to 20, got 21', { maxSamples: 21 }],
    ['spike.minCount must be an integer from 1 to 2147483648, got "10"', { spike: { minCount: '10' } }],
    ['spike.minBuckets must be an integer from 1 to 60, got 61', { spike: { minBuckets: 61 } }],
    ['spike.score must be a number > 0, got 0', { spike: { score: 0 } }],
    ['name must be a string that is not empty, got ""', { name: '' }],
    ['clock must be a function, got 5', { clock: 5 }],
    ['createErrorAnalytics has no option "maxgroups"; it knows name, maxGroups', { maxgroups: 1 }],
    ['spike has no option "floor"', { spike: { floor: 1 } }],
  ];
  it.each(wrong)('refuses with %s', (message, options) => {
    expect(() => createErrorAnalytics(options)).toThrow(message);
  });
});
