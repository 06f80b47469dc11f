import { expect, it } from '@jest/globals';
import { retry } from '../src/index.ts';

const policy = retry({ initialDelayMs: 0 });

it('wraps a function: arguments, this, name and length are kept', async () => {
  function add(this: { base: number }, a: number, b: number): number {
    return this.base + a + b;
  }
  const wrapped = policy(add);
  const sum: number = await wrapped.call({ base: 100 }, 20, 3);
  expect([sum, wrapped.name, wrapped.length]).toEqual([123, 'add', 2]);
});

it('applies the policy to each call of a wrapped function', async () => {
  let calls = 0;
  const flaky = policy(async (limit: number) => {
    calls++;
    if (calls < limit) throw new Error('flaky');
    return calls;
  });
  await expect(flaky(3)).resolves.toBe(3);
});

it('turns a synchronous throw of a wrapped function into a rejection', async () => {
  const error = new Error('sync');
  const wrapped = retry({ maxAttempts: 1 })(() => {
    throw error;
  });
  await expect(wrapped()).rejects.toBe(error);
});

it('refuses generators that are not async, and what is no function', () => {
  expect(() => policy(function* pages() {} as never)).toThrow(
    'cannot wrap "pages": a generator that is not async waits for nothing',
  );
  expect(() => (policy as unknown as (x: unknown) => void)(5)).toThrow(
    '"retry" can only wrap a function, got 5',
  );
});

it('rejects when asked to execute what is no function', async () => {
  await expect(policy.execute(5 as unknown as () => void)).rejects.toThrow(
    '"retry" can only execute a function, got 5',
  );
});
