import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bulkhead, circuitBreaker, compose, fallback, type Policy, retry, timeout } from '../src/index.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

// The law of `compose`: one pass through all policies does what each, calling the next, would do.
const KINDS = ['retry', 'timeout', 'bulkhead', 'breaker', 'fallback', 'eager retry'] as const;
type Kind = (typeof KINDS)[number];

const make = (kind: Kind, name: string, time: VirtualClock, limited: boolean): Policy<unknown> => {
  const shared = { name, ...time.time };
  switch (kind) {
    case 'retry':
      return retry({ ...shared, maxAttempts: 3, initialDelayMs: 20, jitter: 'none', idempotent: true });
    case 'eager retry':
      return retry({ ...shared, maxAttempts: 2, initialDelayMs: 0, idempotent: true, retryRejections: true });
    case 'timeout':
      return timeout({ ...shared, ms: 35 });
    case 'bulkhead':
      // Inside of a time limit without a queue: only one pass knows that the call was not made yet.
      return bulkhead({ ...shared, maxConcurrent: 2, maxQueue: limited ? 0 : 1, queueTimeoutMs: 45 });
    case 'breaker':
      return circuitBreaker({ name, clock: time.clock, failureThreshold: 3, openMs: 60 });
    case 'fallback':
      return fallback(() => `${name} answers`, {
        name,
        handle: (error) => (error as Error | undefined)?.message !== 'final',
      }) as Policy<unknown>;
  }
};

type Fn = (context: { signal: AbortSignal }) => unknown;

const nested = (policies: readonly Policy<unknown>[]) => ({
  execute: (fn: Fn, signal?: AbortSignal): Promise<unknown> => {
    const [first, ...rest] = policies;
    if (first === undefined) return (async () => fn({ signal: signal as AbortSignal }))();
    if (rest.length === 0) return first.execute(fn, signal);
    return first.execute((context) => nested(rest).execute(fn, context.signal), signal);
  },
});

interface Step {
  /** After how many milliseconds the next call is made. */
  pause: number;
  /** What each of its attempts does, the last for all further ones. */
  script: { ms: number; ends: 'value' | 'error' | 'final' | 'never' }[];
  abortAt: number | undefined;
}

const play = async (kinds: readonly Kind[], steps: readonly Step[], fused: boolean) => {
  const time = new VirtualClock();
  const policies = kinds.map((kind, at) =>
    make(kind, `${kind} ${at}`, time, kinds.slice(0, at).includes('timeout')),
  );
  const policy = fused ? compose(...policies) : nested(policies);
  const log: string[] = [];
  const outcomes = [];
  for (const [id, { pause, script, abortAt }] of steps.entries()) {
    await time.advance(pause);
    const controller = new AbortController();
    let attempts = 0;
    const fn: Fn = ({ signal }) => {
      const { ms, ends } = script[Math.min(attempts, script.length - 1)]!;
      attempts++;
      log.push(`${time.now}: call ${id} attempt ${attempts}`);
      if (ms === 0 && ends === 'error') throw new Error('error');
      if (ms === 0 && ends === 'value') return id;
      return new Promise((resolve, reject) => {
        // Timers of the virtual clock, which run before those that are due at the same moment and came later.
        if (ends !== 'never')
          time.timers.setTimeout(() => (ends === 'value' ? resolve(id) : reject(new Error(ends))), ms);
        // A call that ignores its signal holds a slot for longer in one pass: nobody in between gives it up.
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    };
    const call = policy.execute(fn, abortAt === undefined ? undefined : controller.signal);
    if (abortAt !== undefined) time.timers.setTimeout(() => controller.abort(`abort ${id}`), abortAt);
    outcomes.push(outcomeOf(Promise.resolve(call).finally(() => log.push(`${time.now}: end ${id}`))));
    await settle();
  }
  await time.advance(2_000);
  const ends = outcomes.map(({ status, value, error }) =>
    status === 'rejected'
      ? ((error as { code?: string }).code ?? (error as Error).message ?? error)
      : [status, value],
  );
  // What happens in the same millisecond may take more or fewer promises, so its order is left open.
  return { log: log.sort(), ends, pending: time.pending, calls: policies.map((each) => each.stats().calls) };
};

const step: fc.Arbitrary<Step> = fc.record({
  pause: fc.constantFrom(0, 1, 17, 61),
  script: fc.array(
    fc.record({
      ms: fc.constantFrom(0, 3, 13, 50),
      ends: fc.constantFrom(
        'value' as const,
        'error' as const,
        'error' as const,
        'final' as const,
        'never' as const,
      ),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  // Between whole milliseconds: which of two things due at the same time comes first is nobody's promise.
  abortAt: fc.option(fc.constantFrom(2.5, 11.5, 29.5, 70.5), { nil: undefined }),
});

it('runs policies in one pass as if each called the next', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 4 }),
      fc.array(step, { minLength: 1, maxLength: 6 }),
      async (kinds, steps) => {
        expect(await play(kinds, steps, true)).toEqual(await play(kinds, steps, false));
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);
