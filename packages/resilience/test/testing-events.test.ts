import { AssertionError } from 'node:assert';
import { expect, it } from '@jest/globals';
import { EVENTS } from '../src/events.ts';
import { circuitBreaker, pipeline, retry } from '../src/index.ts';
import { fail, ok, recordEvents, script, VirtualClock } from '../src/testing.ts';

const down = new Error('down');

it('records what a policy tells, in order, with times', async () => {
  const time = new VirtualClock();
  const policy = pipeline({
    ...time.time,
    name: 'db',
    retry: { maxAttempts: 2, initialDelayMs: 40, jitter: 'none' },
    circuitBreaker: { failureThreshold: 3 },
  });
  const log = recordEvents(policy, { clock: time.clock });
  const call = script([fail(down), ok(1), fail(down), fail(down), fail(down)], time.time);
  for (let at = 0; at < 3; at++) {
    const done = policy.execute(call).catch(() => {});
    await time.runAll();
    await done;
  }
  log.expectSequence([
    ['retry', { attempt: 1, delayMs: 40 }],
    'success',
    'retry',
    ['failure', { error: down }],
    ['open', { from: 'closed', to: 'open' }],
    'retry',
    ['reject', { reason: 'open' }],
  ]);
  log.expectCounts({ retry: 3, open: 1, timeout: 0 });
  expect(log.count('retry')).toBe(3);
  expect(log.of('success')).toEqual([{ policy: 'db', durationMs: 40 }]);
  expect(log.events.map(({ at }) => at)).toEqual([0, 40, 40, 80, 80, 80, 120]);
});

it.each<[string, (log: ReturnType<typeof recordEvents>) => void]>([
  ['too few', (log) => log.expectSequence(['retry'])],
  ['too many', (log) => log.expectSequence(['retry', 'success', 'success'])],
  ['another order', (log) => log.expectSequence(['success', 'retry'])],
  ['other fields', (log) => log.expectSequence([['retry', { attempt: 2 }], 'success'])],
  ['other counts', (log) => log.expectCounts({ retry: 2 })],
])('fails for %s, showing what was expected and what came', async (_name, assert) => {
  const policy = retry({ initialDelayMs: 0 });
  const log = recordEvents(policy);
  await policy.execute(script([fail(down), ok(1)]));
  log.expectSequence(['retry', 'success']);
  let thrown: unknown;
  try {
    assert(log);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(AssertionError);
  expect((thrown as AssertionError).message).toMatch(/expected .*\nactual .*retry/s);
});

it('clears, stops, and hears only what it is told to', async () => {
  const breaker = circuitBreaker({ failureThreshold: 1 });
  const all = recordEvents(breaker);
  const states = recordEvents(breaker, { events: ['state'] });
  await breaker.execute(() => 1);
  all.clear();
  await breaker.execute(() => Promise.reject(down)).catch(() => {});
  expect([all.names, states.names]).toEqual([['open', 'failure'], ['state']]);
  all.stop();
  await breaker.execute(() => 1).catch(() => {});
  expect(all.names).toEqual(['open', 'failure']);
});

it('refuses what makes no sense', () => {
  expect(() => recordEvents({} as never)).toThrow('policy must have on(), got an object');
  expect(() => recordEvents(retry(), { events: ['open'] })).toThrow('"retry" has no event "open"');
  expect(() => recordEvents(retry(), { clocks: 1 } as never)).toThrow('recordEvents has no option "clocks"');
});

it('hears every event that a policy has, transitions by their own words', async () => {
  const budget = { deposit: () => {}, withdraw: () => false, snapshot: () => ({}) as never };
  const policy = pipeline({
    ...{ retry: { budget, initialDelayMs: 0 }, circuitBreaker: { failureThreshold: 1 } },
    adaptiveConcurrency: { initial: 4, isDrop: () => true, backoffRatio: 0.5 },
    chaos: { rate: 1, fault: () => down },
  });
  const log = recordEvents(policy);
  await policy.execute(() => 1).catch(() => {});
  expect(log.names).toEqual(['chaos', 'open', 'suppress', 'limit', 'failure']);
});

it('asks a policy for every event but state', () => {
  const asked: string[] = [];
  recordEvents({
    on: (event: never) => {
      asked.push(event);
      return () => {};
    },
  });
  expect(asked).toEqual(EVENTS.filter((event) => event !== 'state'));
});
