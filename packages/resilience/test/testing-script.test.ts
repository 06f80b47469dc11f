import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import { pipeline, retry, timeout } from '../src/index.ts';
import { fail, hang, ok, script, slow, VirtualClock } from '../src/testing.ts';
import { outcomeOf, settle } from './virtual-clock.ts';

it('does one step for each call, and remembers each with its attempt and its times', async () => {
  const time = new VirtualClock();
  const down = new Error('down');
  const call = script([fail(down), slow(30, fail(down)), slow(20, ok('found'))], time.time);
  const answer = outcomeOf(retry({ ...time.time, initialDelayMs: 100, jitter: 'none' }).execute(call));
  await time.runAll();
  expect(answer.value).toBe('found');
  expect(call.calls.map(({ args: _args, ...rest }) => rest)).toEqual([
    { attempt: 1, startedAt: 0, endedAt: 0, outcome: 'failed' },
    { attempt: 2, startedAt: 100, endedAt: 130, outcome: 'failed' },
    { attempt: 3, startedAt: 330, endedAt: 350, outcome: 'ok' },
  ]);
  expect(call.left).toBe(0);
});

it('keeps the arguments of a wrapped call', async () => {
  const call = script([ok(1)]);
  expect(await retry()(call)('a', { signal: 'not one' })).toBe(1);
  expect(call.calls).toMatchObject([{ args: ['a', { signal: 'not one' }], attempt: undefined }]);
});

it.each([
  ['hang', hang(), hang({ deaf: true })],
  ['slow', slow(500, ok(1)), slow(500, ok(1), { deaf: true })],
])('%s heeds its signal, unless it is deaf', async (_name, hearing, deaf) => {
  const time = new VirtualClock();
  const call = script([hearing, deaf], time.time);
  const limit = timeout({ ...time.time, ms: 50 });
  const outcomes = [outcomeOf(limit.execute(call)), outcomeOf(limit.execute(call))];
  await time.advance(50);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(call.calls.map(({ outcome }) => outcome)).toEqual(['aborted', 'pending']);
  expect(call.calls[0]?.endedAt).toBe(50);
});

it('leaves no timer and no listener when a slow call is aborted, also before it began', async () => {
  const time = new VirtualClock();
  const call = script([slow(500, ok(1)), slow(500, ok(1))], time.time);
  const controller = new AbortController();
  const first = outcomeOf(call({ signal: controller.signal }));
  controller.abort('gone');
  const second = outcomeOf(call({ signal: controller.signal }));
  await settle();
  expect([first.error, second.error, time.pending]).toEqual(['gone', 'gone', 0]);
});

it('leaves no listener on a signal that outlives the call', async () => {
  const time = new VirtualClock();
  const { signal } = new AbortController();
  const answer = script([slow(5, ok(1))], time.time)({ signal });
  await time.runAll();
  expect([await answer, getEventListeners(signal, 'abort')]).toEqual([1, []]);
});

it('says so when it is called beyond its end, or repeats its last step', async () => {
  const once = script([ok(1)]);
  await once();
  await expect(once()).rejects.toThrow('the script has 1 steps, and this is call 2');
  const forever = script([fail('x'), ok(2)], { atEnd: 'repeat' });
  await forever().catch(() => {});
  expect([await forever(), await forever(), forever.calls.length]).toEqual([2, 2, 3]);
});

it('hands on falsy errors and falsy values', async () => {
  const call = script([fail(undefined), ok(undefined), ok(0)]);
  await expect(call()).rejects.toBeUndefined();
  expect([await call(), await call()]).toEqual([undefined, 0]);
});

it('drives a whole pipeline', async () => {
  const time = new VirtualClock();
  const call = script([hang(), fail(new Error('down')), ok('well')], time.time);
  const whole = pipeline({
    ...time.time,
    timeoutMs: 100,
    retry: { idempotent: true, initialDelayMs: 10, jitter: 'none' },
    circuitBreaker: { failureThreshold: 3 },
  });
  const answer = outcomeOf(whole.execute(call));
  await time.runAll();
  expect(answer.value).toBe('well');
  expect(call.calls.map(({ startedAt }) => startedAt)).toEqual([0, 110, 130]);
});

it.each<[() => unknown, string]>([
  [() => script([]), 'script needs a list with at least one step, got an array'],
  [() => script([5 as never]), 'step 1 must be made by ok, fail, hang or slow, got 5'],
  [() => script([ok(1)], { end: 'repeat' } as never), 'script has no option "end"'],
  [() => script([ok(1)], { atEnd: 'stop' as never }), 'atEnd must be one of throw, repeat, got "stop"'],
  [() => slow(-1, ok(1)), 'ms must be a number of milliseconds >= 0, got -1'],
  [() => slow(1, 5 as never), 'next must be made by ok, fail, hang or slow, got 5'],
  [() => hang({ deaf: 1 as never }), 'deaf must be true or false, got 1'],
])('refuses what makes no sense (%#)', (make, message) => {
  expect(make).toThrow(message);
});
