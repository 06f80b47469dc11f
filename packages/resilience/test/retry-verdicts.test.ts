import { describe, expect, it } from '@jest/globals';
import { handleType, handleWhen, handleWhenResult } from 'cockatiel';
import {
  BulkheadFullError,
  CircuitOpenError,
  PolicyTimeoutError,
  type RetryPolicy,
  retry,
  type Safety,
} from '../src/index.ts';
import { outcomeOf, VirtualClock } from './virtual-clock.ts';

const callsFor = async (error: unknown, options: RetryPolicy = {}): Promise<number> => {
  const policy = retry({ initialDelayMs: 0, ...options });
  let calls = 0;
  await policy
    .execute(() => {
      calls++;
      throw error;
    })
    .catch(() => {});
  return calls;
};

const shaped = (fields: object): Error => Object.assign(new Error('shaped'), fields);

describe('what retry retries', () => {
  it.each<[Safety | undefined, boolean | undefined, number]>([
    [undefined, undefined, 3],
    [undefined, true, 3],
    [undefined, false, 1],
    ['not-sent', undefined, 3],
    ['not-sent', true, 3],
    ['not-sent', false, 3],
    ['always', undefined, 3],
    ['always', false, 3],
    ['idempotent-only', undefined, 1],
    ['idempotent-only', true, 3],
    ['idempotent-only', false, 1],
    ['never', undefined, 1],
    ['never', true, 1],
    ['never', false, 1],
  ])('safety %s with idempotent %s makes %i calls', async (safety, idempotent, calls) => {
    const error = safety === undefined ? new Error('silent') : shaped({ retryable: true, safety });
    expect(await callsFor(error, { idempotent })).toBe(calls);
  });

  it('obeys an error that says it is not retryable', async () => {
    expect(await callsFor(shaped({ retryable: false, safety: 'always' }))).toBe(1);
  });

  it('prefers classify to what the error says', async () => {
    const error = shaped({ retryable: false });
    expect(await callsFor(error, { classify: () => ({ retryable: true, safety: 'always' }) })).toBe(3);
    expect(await callsFor(new Error('x'), { classify: () => ({ retryable: false }) })).toBe(1);
  });

  it('does not repeat the call when classify throws, and keeps the call’s error', async () => {
    const policy = retry({
      initialDelayMs: 0,
      classify: () => {
        throw new Error('broken classify');
      },
    });
    const error = new Error('the real one');
    await expect(policy.execute(() => Promise.reject(error))).rejects.toBe(error);
    expect(policy.stats().retries).toBe(0);
  });

  it('does not retry a rejection of a breaker or bulkhead unless asked', async () => {
    const open = new CircuitOpenError('db', 0);
    const full = new BulkheadFullError('db', 1, 0, 'full');
    expect(await callsFor(open)).toBe(1);
    expect(await callsFor(full)).toBe(1);
    expect(await callsFor(open, { retryRejections: true })).toBe(3);
    expect(await callsFor(full, { retryRejections: true, idempotent: false })).toBe(3);
  });

  it('retries a time-out only for a call that is declared idempotent', async () => {
    const error = new PolicyTimeoutError('db', 10);
    expect(await callsFor(error)).toBe(1);
    expect(await callsFor(error, { idempotent: true })).toBe(3);
  });

  it('does not retry an AbortError, whoever aborted, unless handle says so', async () => {
    const error = new DOMException('stop', 'AbortError');
    expect(await callsFor(error)).toBe(1);
    expect(await callsFor(error, { handle: () => true })).toBe(3);
  });

  it('retries only what handle lets through: a predicate or a filter of cockatiel', async () => {
    const handle = (error: unknown) => error instanceof RangeError;
    expect(await callsFor(new RangeError('x'), { handle })).toBe(3);
    expect(await callsFor(new TypeError('x'), { handle })).toBe(1);
    const filter = handleType(RangeError).orWhen((error) => error === 'again');
    expect(await callsFor(new RangeError('x'), { handle: filter })).toBe(3);
    expect(await callsFor('again', { handle: filter })).toBe(3);
    expect(await callsFor(new TypeError('x'), { handle: filter })).toBe(1);
    const busy = retry({ initialDelayMs: 0, handle: handleWhenResult((value) => value === 'busy') });
    let calls = 0;
    await busy.execute(() => {
      calls++;
      return 'busy';
    });
    expect(calls).toBe(3);
    expect(await callsFor(new Error('x'), { handle: handleWhen(() => false) })).toBe(1);
  });

  it.each([
    ['is a minimum', { retryAfterMs: 5_000 }, {}, 5_000],
    ['does not shorten the backoff', { retryAfterMs: 10 }, {}, 1_000],
    ['is cut to maxRetryAfterMs', { retryAfterMs: 900_000 }, {}, 60_000],
    ['may be cut shorter', { retryAfterMs: 900_000 }, { maxRetryAfterMs: 2_000 }, 2_000],
    ['may exceed maxDelayMs', { retryAfterMs: 5_000 }, { maxDelayMs: 1_500 }, 5_000],
    ['is ignored when it is not a number of milliseconds', { retryAfterMs: 'soon' }, {}, 1_000],
    ['is ignored when negative', { retryAfterMs: -1 }, {}, 1_000],
    ['is ignored when NaN', { retryAfterMs: Number.NaN }, {}, 1_000],
    ['comes from classify as afterMs', {}, { classify: () => ({ afterMs: 7_000 }) }, 7_000],
  ])('Retry-After %s', async (_claim, fields, options, delayMs) => {
    const clock = new VirtualClock();
    const policy = retry({ maxAttempts: 2, jitter: 'none', ...clock.time, ...options });
    const delays: number[] = [];
    policy.on('retry', (event) => delays.push(event.delayMs));
    outcomeOf(policy.execute(() => Promise.reject(shaped(fields))));
    await clock.advance(delayMs);
    expect(delays).toEqual([delayMs]);
    expect(policy.stats().failures).toBe(1);
  });
});
