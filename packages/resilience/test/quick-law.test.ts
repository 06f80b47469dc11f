import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bulkhead, circuitBreaker, compose, fallback, type Policy, retry, timeout } from '../src/index.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

// A call that nobody can abort takes no run while it goes well; one with a signal, although it never aborts, has a run at once.
const parts = {
  retry: (name: string, { time }: VirtualClock) =>
    retry({ name, ...time, maxAttempts: 3, initialDelayMs: 20, jitter: 'none', idempotent: true }),
  'retry of results': (name: string, { time }: VirtualClock) =>
    retry({
      name,
      ...time,
      maxAttempts: 2,
      initialDelayMs: 0,
      retryOnResult: (value) => (value as number) < 0,
    }),
  timeout: (name: string, { time }: VirtualClock) => timeout({ name, ...time, ms: 35 }),
  endless: (name: string, { time }: VirtualClock) => timeout({ name, ...time, ms: Number.POSITIVE_INFINITY }),
  bulkhead: (name: string, { time }: VirtualClock) =>
    bulkhead({ name, ...time, maxConcurrent: 2, maxQueue: 1, queueTimeoutMs: 45 }),
  breaker: (name: string, { clock }: VirtualClock) =>
    circuitBreaker({ name, clock, failureThreshold: 3, openMs: 60 }),
  'breaker of slow calls': (name: string, { clock }: VirtualClock) =>
    circuitBreaker({
      ...{ name, clock, openMs: 60, isFailure: (_error: unknown) => true },
      window: { type: 'count', size: 3, minimumCalls: 3, slowCallMs: 10, slowCallRate: 0.5 },
    }),
  fallback: (name: string) => fallback(0, { name }),
} satisfies Record<string, (name: string, time: VirtualClock) => Policy<unknown>>;
type Kind = keyof typeof parts;

interface Step {
  pause: number;
  ms: number;
  ends: 'value' | 'bad' | 'error' | 'never';
}

const play = async (kinds: readonly Kind[], steps: readonly Step[], signal: AbortSignal | undefined) => {
  const time = new VirtualClock();
  const policies = kinds.map((kind, at) => parts[kind](`${kind} ${at}`, time));
  const policy = compose(...(policies as Policy<unknown>[]));
  const log: string[] = [];
  for (const each of policies as Policy<unknown>[])
    for (const event of ['retry', 'timeout', 'reject', 'state', 'fallback'] as const)
      try {
        each.on(event, (payload) =>
          log.push(`${time.now}: ${each.name} ${event} ${JSON.stringify(payload)}`),
        );
      } catch {
        // Not one of its events.
      }
  const outcomes = [];
  for (const { pause, ms, ends } of steps) {
    await time.advance(pause);
    const answer = ends === 'bad' ? -1 : 1;
    const fn = ({ attempt }: { attempt: number }): unknown => {
      log.push(`${time.now}: attempt ${attempt}`);
      if (ms === 0 && ends === 'error') throw new Error('error');
      if (ms === 0 && ends !== 'never') return answer;
      return new Promise((resolve, reject) => {
        if (ends !== 'never')
          time.timers.setTimeout(() => (ends === 'error' ? reject(new Error('error')) : resolve(answer)), ms);
      });
    };
    outcomes.push(outcomeOf(policy.execute(fn, signal)));
    await settle();
  }
  await time.advance(2_000);
  return {
    log: log.sort(),
    ends: outcomes.map(({ status, value, error }) => [status, value, (error as Error | undefined)?.message]),
    stats: (policies as Policy<unknown>[]).map((each) => ({ ...each.stats(), latencyMs: undefined })),
    pending: time.pending,
  };
};

it('does the same for a call without a signal, which takes no run while it goes well, as for one with a signal', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...(Object.keys(parts) as Kind[])), { minLength: 1, maxLength: 7 }),
      fc.array(
        fc.record({
          pause: fc.constantFrom(0, 1, 17, 61),
          ms: fc.constantFrom(0, 3, 13, 50),
          ends: fc.constantFrom(
            'value' as const,
            'value' as const,
            'bad' as const,
            'error' as const,
            'never' as const,
          ),
        }),
        { minLength: 1, maxLength: 8 },
      ),
      async (kinds, steps) => {
        const never = new AbortController().signal;
        expect(await play(kinds, steps, undefined)).toEqual(await play(kinds, steps, never));
      },
    ),
    { numRuns: 200 },
  );
}, 60_000);
