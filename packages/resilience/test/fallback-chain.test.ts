import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, it } from '@jest/globals';
import { handleType, handleWhenResult } from 'cockatiel';
import fc from 'fast-check';
import { compose, type FallbackOutcome, fallbackChain, pipeline, retry } from '../src/index.ts';

const down = new Error('down');
const failing = (): Promise<never> => Promise.reject(down);

it('answers with the first step that does not fail, and tries no further ones', async () => {
  const tried: string[] = [];
  const policy = fallbackChain([
    () => {
      tried.push('replica');
      throw new Error('replica down');
    },
    async () => {
      tried.push('cache');
      return 'cached';
    },
    () => tried.push('never'),
  ]);
  expect(await policy.execute(failing)).toBe('cached');
  expect(tried).toEqual(['replica', 'cache']);
  expect(await policy.execute(() => 'fresh')).toBe('fresh');
});

it('hands each step the call’s error, the signal, its place and what failed before', async () => {
  const controller = new AbortController();
  const replica = new Error('replica down');
  const seen: unknown[] = [];
  const policy = fallbackChain([
    (error, { signal, attempt, step, errors }) => {
      seen.push([error, signal, attempt, step, errors]);
      throw replica;
    },
    (error, { signal, attempt, step, errors }) => {
      seen.push([error, signal, attempt, step, errors]);
      return 1;
    },
  ]);
  await policy.execute(failing, controller.signal);
  expect(seen).toEqual([
    [down, controller.signal, 1, 0, []],
    [down, controller.signal, 1, 1, [replica]],
  ]);
});

it('a value may end the list, an array and a function’s absence included', async () => {
  const replica = (): never => {
    throw new Error('replica down');
  };
  expect(await fallbackChain([replica, []]).execute(failing)).toEqual([]);
  expect(await fallbackChain([replica, undefined]).execute(failing)).toBeUndefined();
  expect(await fallbackChain([replica, 0]).execute(failing)).toBe(0);
});

it('frees a stale answer, and flags it in the event and the outcome', async () => {
  const policy = fallbackChain([() => ({ value: 'old', stale: true as const, ageMs: 90_000 }), 'none'], {
    name: 'rates',
  });
  const heard: unknown[] = [];
  const published: unknown[] = [];
  const hear = (payload: unknown): number => published.push(payload);
  policy.on('fallback', (event) => heard.push(event));
  subscribe('agent4:resilience:fallback', hear);
  const answer: string = await policy.execute(failing);
  const outcome = await policy.outcome(failing);
  unsubscribe('agent4:resilience:fallback', hear);
  expect(answer).toBe('old');
  expect(outcome).toEqual({ value: 'old', from: 0, stale: true, ageMs: 90_000, error: down, errors: [] });
  const event = { policy: 'rates', error: down, step: 0, stale: true, ageMs: 90_000 };
  expect([heard, published]).toEqual([
    [event, event],
    [event, event],
  ]);
});

it('the outcome tells the call’s own result from a step’s', async () => {
  const replica = new Error('replica down');
  const policy = fallbackChain([() => Promise.reject(replica), () => 'cached']);
  const fresh: FallbackOutcome<number, string> = await policy.outcome(() => 1);
  expect(fresh).toEqual({ value: 1, from: 'call', stale: false });
  expect(await policy.outcome(failing)).toEqual({
    value: 'cached',
    from: 1,
    stale: false,
    error: down,
    errors: [replica],
  });
  expect(policy.stats()).toMatchObject({ calls: 2, successes: 2 });
});

it('what only looks like a stale answer is an answer', async () => {
  for (const answer of [{ stale: false, value: 1 }, { stale: 'true', value: 1 }, { stale: true }, null])
    expect(await fallbackChain([() => answer]).execute(failing)).toBe(answer);
  const value = { stale: true, value: 1 };
  expect(await fallbackChain([value]).execute(failing)).toBe(value);
  expect(await fallbackChain([failing, () => ({ value: undefined, stale: true })]).execute(failing)).toBe(
    undefined,
  );
});

it('when all fail the call’s error comes out, the steps’ errors beside it', async () => {
  const first = new Error('replica down');
  const error = new Error('down');
  const policy = fallbackChain([() => Promise.reject(first), () => Promise.reject(undefined)], { name: 'x' });
  const events: unknown[] = [];
  policy.on('fallback', (event) => events.push(event));
  await expect(policy.execute(() => Promise.reject(error))).rejects.toBe(error);
  expect((error as { fallbackErrors?: unknown }).fallbackErrors).toEqual([first, undefined]);
  expect(Object.keys(error)).toEqual([]);
  expect(events).toEqual([{ policy: 'x', error, fallbackError: first }]);
  expect(policy.stats()).toMatchObject({ failures: 1 });
});

it('errors that can take nothing come out as they are', async () => {
  const failed = fallbackChain([failing]);
  for (const error of [undefined, null, 0, 'text', Object.freeze(new Error('frozen'))])
    await expect(failed.execute(() => Promise.reject(error))).rejects.toBe(error);
});

it('a result that is not good enough is answered too; when all fail the first step’s error comes out', async () => {
  const handle = handleWhenResult((value) => value === '');
  expect(await fallbackChain(['default'], { handle }).execute(() => '')).toBe('default');
  const first = new Error('first');
  const all = fallbackChain([() => Promise.reject(first), () => Promise.reject(down)], { handle });
  await expect(all.execute(() => '')).rejects.toBe(first);
  await expect(fallbackChain(['x'], { handle: handleType(RangeError) }).execute(failing)).rejects.toBe(down);
});

it('never answers a caller’s abort, and an abort ends the list', async () => {
  const controller = new AbortController();
  const tried: number[] = [];
  const policy = fallbackChain([
    () => {
      tried.push(0);
      controller.abort('gone');
      throw new Error('replica down');
    },
    () => tried.push(1),
  ]);
  await expect(policy.execute(failing, controller.signal)).rejects.toBe('gone');
  expect(tried).toEqual([0]);
  await expect(policy.execute(failing, controller.signal)).rejects.toBe('gone');
  const cancelled = new DOMException('stop', 'AbortError');
  await expect(policy.execute(() => Promise.reject(cancelled))).rejects.toBe(cancelled);
  expect(tried).toEqual([0]);
});

it('a listener or a handle that throws does not touch the call', async () => {
  const policy = fallbackChain(['answer']);
  policy.on('fallback', () => {
    throw new Error('mine');
  });
  expect(await policy.execute(failing)).toBe('answer');
  const handle = (): boolean => {
    throw new Error('mine');
  };
  await expect(fallbackChain(['answer'], { handle }).execute(failing)).rejects.toBe(down);
});

it('is a policy like the others: in a pipeline, in compose, as a wrapper', async () => {
  const policy = fallbackChain([failing, () => ({ value: 'old', stale: true as const })]);
  const whole = pipeline<string>({ fallback: policy, timeoutMs: 100 });
  const answer: number | string = await whole.execute((): Promise<number> => failing());
  expect(answer).toBe('old');
  const composed: number | string = await compose(policy, retry({ maxAttempts: 1 })).execute(
    (): Promise<number> => failing(),
  );
  expect(composed).toBe('old');
  const read = policy(async (id: number): Promise<number> => (id > 0 ? id : failing()));
  expect([await read(5), await read(0), read.length]).toEqual([5, 'old', 1]);
});

it('refuses lists that make no sense', () => {
  expect(() => fallbackChain([])).toThrow('steps must be a list with at least one step');
  expect(() => fallbackChain('x' as never)).toThrow('steps must be a list with at least one step, got "x"');
  expect(() => fallbackChain(['a', () => 1])).toThrow(
    'steps[0] is a value, so steps[1] would never be tried',
  );
  expect(() => fallbackChain(['a'], { on: 1 } as never)).toThrow('fallbackChain has no option "on"');
});

it('a list changed afterwards changes nothing', async () => {
  const steps: (() => string)[] = [() => 'first'];
  const policy = fallbackChain(steps);
  steps[0] = () => 'changed';
  expect(await policy.execute(failing)).toBe('first');
});

it('for any list: the first good step answers, and errors are those before it, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), async (good) => {
      const steps = good.map((ok, at) => () => (ok ? at : Promise.reject(at)));
      const error = new Error('down');
      const call = fallbackChain(steps).outcome(() => Promise.reject(error));
      const first = good.indexOf(true);
      if (first === -1) {
        await expect(call).rejects.toBe(error);
        expect(Reflect.get(error, 'fallbackErrors')).toEqual(good.map((_, at) => at));
      } else {
        const errors = [...Array(first).keys()];
        expect(await call).toEqual({ value: first, from: first, stale: false, error, errors });
      }
    }),
  );
});
