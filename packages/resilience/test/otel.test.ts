import { describe, expect, it } from '@jest/globals';
import type { Meter } from '@opentelemetry/api';
import { type DataPoint, type Histogram, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { circuitBreaker, pipeline, rateLimit, retry } from '../src/index.ts';
import { instrument } from '../src/otel.ts';
import { deferred, VirtualClock } from './virtual-clock.ts';

class Pull extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** A meter of the real SDK, and its numbers as `name{attributes}`. */
const realMeter = () => {
  const reader = new Pull();
  const meter: Meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  const read = async (): Promise<Record<string, number>> => {
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([]);
    const out: Record<string, number> = {};
    for (const { descriptor, dataPoints } of resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)) {
      for (const { attributes, value } of dataPoints as DataPoint<number | Histogram>[]) {
        const words = Object.entries(attributes).map(
          ([name, word]) => `${name.split('.').at(-1)}=${String(word)}`,
        );
        out[`${descriptor.name.replace('agent4.resilience.', '')} ${words.join(' ')}`] =
          typeof value === 'number' ? value : value.count;
      }
    }
    return out;
  };
  return { meter, read };
};

const down = (): Promise<never> => Promise.reject(new Error('down'));

it('tells the SDK counts, states, slots and durations', async () => {
  const time = new VirtualClock();
  const shop = pipeline({
    ...time.time,
    name: 'shop',
    bulkhead: { maxConcurrent: 2 },
    retry: { maxAttempts: 2, initialDelayMs: 0 },
    circuitBreaker: { failureThreshold: 3 },
  });
  const { meter, read } = realMeter();
  instrument(meter, [shop]);
  await shop.execute(() => 1);
  const gate = deferred<void>();
  const running = shop.execute(() => gate.promise);
  // The second call's second attempt meets the circuit that its first has opened.
  await shop.execute(down).catch(() => {});
  await shop.execute(down).catch(() => {});
  expect(await read()).toEqual({
    'calls name=shop outcome=success': 1,
    'calls name=shop outcome=failure': 1,
    'calls name=shop outcome=rejected': 1,
    'calls name=shop outcome=cancelled': 0,
    'retries name=shop': 2,
    'retries.suppressed name=shop': 0,
    'timeouts name=shop': 0,
    'circuit.state name=shop state=closed': 0,
    'circuit.state name=shop state=open': 1,
    'circuit.state name=shop state=half-open': 0,
    'circuit.state name=shop state=isolated': 0,
    'bulkhead.running name=shop': 1,
    'bulkhead.queued name=shop': 0,
    'bulkhead.max_concurrent name=shop': 2,
    'bulkhead.max_queue name=shop': 0,
    'call.duration name=shop outcome=success': 1,
    'call.duration name=shop outcome=failure': 1,
  });
  gate.resolve();
  await running;
});

it('tells suppressed retries, the limit found and the queue of a rate limit', async () => {
  const time = new VirtualClock();
  const none = { deposit: () => {}, withdraw: () => false, snapshot: () => ({}) as never };
  const rate = rateLimit({
    name: 'api',
    limit: 1,
    perMs: 1_000,
    maxQueue: Number.POSITIVE_INFINITY,
    ...time.time,
  });
  const shop = pipeline({
    ...{ name: 'shop', rateLimit: rate, adaptiveConcurrency: { initial: 7 } },
    retry: { budget: none },
  });
  const { meter, read } = realMeter();
  instrument(meter, [shop, rate]);
  await shop.execute(down).catch(() => {});
  void rate.execute(() => 1);
  expect(await read()).toMatchObject({
    'retries.suppressed name=shop': 1,
    'adaptive_concurrency.running name=shop': 0,
    'adaptive_concurrency.queued name=shop': 0,
    'adaptive_concurrency.limit name=shop': 7,
    'rate_limit.queued name=shop': 1,
    'rate_limit.queued name=api': 1,
  });
});

it('takes all of it back', async () => {
  const breaker = circuitBreaker({ name: 'db' });
  const { meter, read } = realMeter();
  const stop = instrument(meter, [breaker]);
  stop();
  stop();
  await breaker.execute(() => 1);
  expect(await read()).toEqual({});
});

it('makes no call build an event when durations are off', async () => {
  const heard: string[] = [];
  const policy = Object.assign(retry({ name: 'a' }), {});
  const { on } = policy;
  Object.defineProperty(policy, 'on', {
    value: (event: never, listener: never) => {
      heard.push(event);
      return on(event, listener);
    },
  });
  const { meter, read } = realMeter();
  instrument(meter, [policy], { durations: false });
  await policy.execute(() => 1);
  expect(heard).toEqual([]);
  expect(Object.keys(await read())).not.toContain('call.duration name=a outcome=success');
});

it('bounds the names it tells', async () => {
  const many = Array.from({ length: 30 }, (_, at) => retry({ name: `tenant-${at}` }));
  const { meter, read } = realMeter();
  instrument(meter, many, { maxPolicies: 5 });
  for (const each of many) await each.execute(() => 1);
  const told = await read();
  expect(told['calls name=_other outcome=success']).toBe(25);
  expect(told['call.duration name=_other outcome=success']).toBe(25);
  const names = Object.keys(told).map((key) => /name=(\S+)/.exec(key)?.[1]);
  expect(new Set(names).size).toBe(6);
});

describe('a meter that fails', () => {
  it('does not touch the call when its histogram throws', async () => {
    const { meter } = realMeter();
    const broken = Object.create(meter) as Meter;
    broken.createHistogram = () => ({
      record() {
        throw new Error('no');
      },
    });
    const policy = retry({ name: 'a' });
    instrument(broken, [policy]);
    expect(await policy.execute(() => 'fine')).toBe('fine');
  });

  it.each<[unknown, unknown, object, string]>([
    [{}, [], {}, 'meter must be a Meter of OpenTelemetry, got an object'],
    [undefined, [], {}, 'meter must be a Meter of OpenTelemetry, got undefined'],
    [realMeter().meter, [5], {}, 'policies must be policies, with a name and stats(), got 5'],
    [realMeter().meter, [], { duration: true }, 'instrument has no option "duration"'],
    [realMeter().meter, [], { durations: 1 }, 'durations must be true or false, got 1'],
  ])('refuses what makes no sense (%#)', (meter, policies, options, message) => {
    expect(() => instrument(meter as never, policies as never, options)).toThrow(message);
  });
});
