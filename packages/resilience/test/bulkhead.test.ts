import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import { isBulkheadRejectedError } from 'cockatiel';
import { type BulkheadOptions, bulkhead } from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = (options: Partial<BulkheadOptions> = {}) => {
  const time = new VirtualClock();
  const policy = bulkhead({ maxConcurrent: 1, maxQueue: 2, name: 'db', ...time.time, ...options });
  const started: string[] = [];
  const call = (id: string, signal?: AbortSignal) => {
    const gate = deferred<string>();
    const outcome = outcomeOf(
      policy.execute(() => {
        started.push(id);
        return gate.promise;
      }, signal),
    );
    return { gate, outcome };
  };
  return { time, policy, started, call };
};

it('rejects at once when all slots and the queue are taken', async () => {
  const { policy, call, started } = setUp();
  for (const id of ['a', 'b', 'c']) call(id);
  const { outcome } = call('d');
  await settle();
  expect(started).toEqual(['a']);
  expect(policy.snapshot()).toEqual({ name: 'db', running: 1, queued: 2, maxConcurrent: 1, maxQueue: 2 });
  expect({ ...(outcome.error as object) }).toEqual({
    isBulkheadRejectedError: true,
    code: 'BULKHEAD_FULL',
    retryable: true,
    safety: 'not-sent',
    policy: 'db',
    reason: 'full',
    maxConcurrent: 1,
    maxQueue: 2,
  });
  expect((outcome.error as Error).message).toBe('Bulkhead "db" is full: 1 running, 2 queued');
  expect((outcome.error as Error).name).toBe('BulkheadFullError');
  expect(isBulkheadRejectedError(outcome.error)).toBe(true);
});

it('queues nobody by default', async () => {
  const { call } = setUp({ maxQueue: undefined });
  call('a');
  const { outcome } = call('b');
  await settle();
  expect(outcome.error).toMatchObject({ code: 'BULKHEAD_FULL' });
});

it('hands a slot straight to the first in the queue: a newcomer cannot overtake', async () => {
  const { call, started, policy } = setUp();
  const a = call('a');
  const b = call('b');
  await settle();
  a.gate.promise.then(() => call('newcomer'));
  a.gate.resolve('done');
  await settle();
  expect(started).toEqual(['a', 'b']);
  b.gate.resolve('done');
  await settle();
  expect(started).toEqual(['a', 'b', 'newcomer']);
  expect(policy.snapshot()).toMatchObject({ running: 1, queued: 0 });
});

it('rejects a queued caller that aborts at once and frees its place', async () => {
  const { call, started, policy } = setUp({ maxQueue: 1 });
  const a = call('a');
  const controller = new AbortController();
  const b = call('b', controller.signal);
  await settle();
  controller.abort('gone');
  await settle();
  expect(b.outcome).toEqual({ status: 'rejected', error: 'gone' });
  expect(policy.snapshot().queued).toBe(0);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  call('c');
  a.gate.resolve('done');
  await settle();
  expect(started).toEqual(['a', 'c']);
});

it('holds the slot of an aborted call until the call has truly settled', async () => {
  const { call, policy } = setUp();
  const controller = new AbortController();
  const a = call('a', controller.signal);
  await settle();
  controller.abort('gone');
  await settle();
  expect(a.outcome.status).toBe('rejected');
  expect(policy.snapshot().running).toBe(1);
  a.gate.resolve('late');
  await settle();
  expect(policy.snapshot().running).toBe(0);
});

it('rejects a caller that waited longer than queueTimeoutMs', async () => {
  const { time, call, started } = setUp({ queueTimeoutMs: 50 });
  const a = call('a');
  const b = call('b');
  await time.advance(50);
  expect(b.outcome.error).toMatchObject({ code: 'BULKHEAD_FULL', reason: 'queue-timeout' });
  expect((b.outcome.error as Error).message).toBe('Bulkhead "db" gave no slot within 50 ms');
  a.gate.resolve('done');
  await settle();
  expect(started).toEqual(['a']);
  expect(time.pending).toBe(0);
});

it('runs a queued call in the AsyncLocalStorage of its own caller', async () => {
  const storage = new AsyncLocalStorage<string>();
  const { policy } = setUp();
  const gate = deferred<void>();
  const seen: (string | undefined)[] = [];
  const run = (tenant: string) =>
    storage.run(tenant, () =>
      policy.execute(async () => {
        seen.push(storage.getStore());
        await gate.promise;
      }),
    );
  const calls = [run('A'), run('B'), run('C')];
  gate.resolve();
  await Promise.all(calls);
  expect(seen).toEqual(['A', 'B', 'C']);
});

it('counts successes, failures and rejections', async () => {
  const { policy, call } = setUp({ maxQueue: 0 });
  const a = call('a');
  call('b');
  await settle();
  a.gate.resolve('ok');
  await settle();
  await policy.execute(() => Promise.reject(new Error('x'))).catch(() => {});
  expect(policy.stats()).toMatchObject({ calls: 3, successes: 1, failures: 1, rejections: 1 });
});
