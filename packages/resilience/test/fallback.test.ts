import { expect, it } from '@jest/globals';
import { handleType, handleWhenResult } from 'cockatiel';
import { fallback } from '../src/index.ts';

const down = new Error('down');
const failing = () => Promise.reject(down);

it('answers with a value', async () => {
  await expect(fallback('cached').execute(failing)).resolves.toBe('cached');
  await expect(fallback('cached').execute(() => 'fresh')).resolves.toBe('fresh');
});

it('answers with what a function makes of the error and the context', async () => {
  const controller = new AbortController();
  const seen: unknown[] = [];
  const policy = fallback(async (error, { signal, attempt }) => {
    seen.push(error, signal, attempt);
    return 'made';
  });
  await expect(policy.execute(failing, controller.signal)).resolves.toBe('made');
  expect(seen).toEqual([down, controller.signal, 1]);
});

it('gives the fallback’s own error the call’s error as cause', async () => {
  const second = new Error('cache down too');
  const policy = fallback(() => {
    throw second;
  });
  await expect(policy.execute(failing)).rejects.toBe(second);
  expect(second.cause).toBe(down);
});

it('leaves a cause that is there, and errors that cannot be changed', async () => {
  const first = new Error('x', { cause: 'its own' });
  await expect(fallback(() => Promise.reject(first)).execute(failing)).rejects.toBe(first);
  expect(first.cause).toBe('its own');
  const frozen = Object.freeze(new Error('frozen'));
  await expect(fallback(() => Promise.reject(frozen)).execute(failing)).rejects.toBe(frozen);
  await expect(fallback((error) => Promise.reject(error)).execute(failing)).rejects.toBe(down);
  expect(down.cause).toBeUndefined();
});

it('answers only what handle lets through', async () => {
  const policy = fallback('answer', { handle: handleType(RangeError) });
  await expect(policy.execute(failing)).rejects.toBe(down);
  await expect(policy.execute(() => Promise.reject(new RangeError('x')))).resolves.toBe('answer');
  const empty = fallback('default', { handle: handleWhenResult((value) => value === '') });
  await expect(empty.execute(() => '')).resolves.toBe('default');
  await expect(empty.execute(failing)).rejects.toBe(down);
});

it('never answers a caller’s abort', async () => {
  const controller = new AbortController();
  let asked = 0;
  const policy = fallback(() => ++asked, { handle: () => true });
  const call = policy.execute(() => {
    controller.abort('gone');
    return Promise.reject(down);
  }, controller.signal);
  await expect(call).rejects.toBe('gone');
  await expect(
    fallback('x').execute(() => Promise.reject(new DOMException('s', 'AbortError'))),
  ).rejects.toThrow('s');
  expect(asked).toBe(0);
});

it('emits what it answered, and what went wrong with the answer', async () => {
  const events: unknown[] = [];
  const listen = (event: unknown): number => events.push(event);
  const good = fallback(1, { name: 'good' });
  good.on('fallback', listen);
  await good.execute(failing);
  const second = new Error('second');
  const bad = fallback(() => Promise.reject(second), { name: 'bad' });
  bad.on('fallback', listen);
  await bad.execute(failing).catch(() => {});
  expect(events).toEqual([
    { policy: 'good', error: down },
    { policy: 'bad', error: down, fallbackError: second },
  ]);
});
