import { expect, it } from '@jest/globals';
import { compose, retry, timeout } from '../src/index.ts';
import { deferred, settle } from './virtual-clock.ts';

it('does not take the end of a wait that was cut off for the end of the next one', async () => {
  let strike = (): void => {};
  const timers = {
    setTimeout: (callback: () => void) => {
      strike = callback;
    },
    clearTimeout: () => {},
  };
  const policy = compose(
    retry({ maxAttempts: 2, initialDelayMs: 0, idempotent: true }),
    timeout({ ms: 10, timers }),
    retry({ maxAttempts: Number.POSITIVE_INFINITY, initialDelayMs: 0 }),
  );
  const gate = deferred<string>();
  let calls = 0;
  const call = policy.execute(() => {
    // The inner retry pauses after each 64 failures; the limit of the first round strikes in such a pause.
    if (++calls > 64) return gate.promise;
    throw new Error('down');
  });
  for (let turn = 0; turn < 200 && calls < 64; turn++) await Promise.resolve();
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  strike();
  await settle();
  await settle();
  expect(calls).toBe(65);
  gate.resolve('answer');
  await expect(call).resolves.toBe('answer');
});
