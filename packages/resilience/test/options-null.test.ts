import { expect, it } from '@jest/globals';
import {
  adaptiveConcurrency,
  bulkhead,
  chaos,
  circuitBreaker,
  circuitBreakers,
  coalesce,
  deadline,
  fallback,
  fallbackChain,
  HealthRegistry,
  hedge,
  pipeline,
  priorityBulkhead,
  rateLimit,
  retry,
  retryBudget,
  stream,
  timeout,
  withDeadline,
} from '../src/index.ts';

type Build = (options: never) => unknown;

const factories: [string, Build, string[]][] = [
  [
    'retry',
    retry as Build,
    [
      ...['name', 'maxAttempts', 'initialDelayMs', 'maxDelayMs', 'backoff', 'factor', 'jitter', 'random'],
      ...['maxElapsedMs', 'idempotent', 'handle', 'classify', 'budget', 'canRetry', 'maxRetryAfterMs'],
      ...['retryOnResult', 'retryRejections', 'clock', 'timers'],
    ],
  ],
  [
    'circuitBreaker',
    circuitBreaker as Build,
    [
      ...['name', 'failureThreshold', 'window', 'breaker', 'openMs', 'retryAfter', 'maxRetryAfterMs', 'mode'],
      ...['halfOpenProbes', 'halfOpenSuccessRate', 'halfOpenMaxWaitMs', 'rampUpMs', 'random', 'isFailure'],
    ],
  ],
  ['circuitBreakers', circuitBreakers as Build, ['name', 'max', 'idleMs', 'openMs']],
  ['timeout', timeout as Build, ['ms', 'name', 'timers']],
  ['bulkhead', bulkhead as Build, ['maxConcurrent', 'maxQueue', 'queueTimeoutMs', 'name']],
  ['priorityBulkhead', priorityBulkhead as Build, ['maxConcurrent', 'maxQueue', 'priority']],
  [
    'adaptiveConcurrency',
    adaptiveConcurrency as Build,
    ['min', 'max', 'initial', 'algorithm', 'backoffRatio'],
  ],
  ['rateLimit', rateLimit as Build, ['limit', 'perMs', 'burst', 'algorithm', 'maxQueue']],
  ['hedge', hedge as Build, ['delayMs', 'percentile', 'maxHedges', 'budget', 'dispose']],
  ['coalesce', coalesce as Build, ['key', 'name']],
  ['deadline', deadline as Build, ['ms', 'name']],
  ['chaos', chaos as Build, ['rate', 'latencyMs', 'fault', 'outcome', 'seed', 'random']],
  ['retryBudget', retryBudget as Build, ['ratio', 'minPerSecond', 'ttlMs']],
  ['pipeline', pipeline as Build, ['retry', 'timeoutMs', 'fallback', 'classify', 'name']],
  ['fallback', (options) => fallback('answer', options), ['handle', 'name']],
  ['fallbackChain', (options) => fallbackChain(['answer'], options), ['handle', 'name']],
  ['stream', (options) => stream(retry(), () => [], options), ['gapMs', 'totalMs', 'timers']],
  ['HealthRegistry', (options) => new HealthRegistry(options), ['clock', 'timers', 'now']],
  [
    'register',
    (options) => new HealthRegistry().register('x', () => undefined, options),
    ['critical', 'timeoutMs', 'cacheMs'],
  ],
];

it.each(factories.flatMap(([name, build, keys]) => keys.map((key) => [name, key, build] as const)))(
  '%s refuses null for %s: it is no other word for the default',
  (_name, key, build) => {
    expect(() => build({ [key]: null } as never)).toThrow(TypeError);
    expect(() => build({ [key]: null } as never)).toThrow(`${key} must be a value or undefined, got null`);
  },
);

it.each(factories)(
  '%s refuses a list, a Map, a Date, a promise and null in place of options',
  (name, build) => {
    const given: [unknown, string][] = [
      [[], 'an array'],
      [new Map([['maxAttempts', 5]]), 'an object'],
      [new Date(0), 'an object'],
      [Promise.resolve({}), 'an object'],
      [null, 'null'],
    ];
    for (const [options, shown] of given) {
      const limit = options === null && (name === 'timeout' || name === 'deadline');
      const expected = limit ? 'takes a number of milliseconds or options' : 'options must be an object';
      expect(() => build(options as never)).toThrow(`${name} ${expected}, got ${shown}`);
    }
  },
);

it('a part of a pipeline and configure refuse a Date too; an object of a class may hold options', () => {
  class Settings {
    maxAttempts = 2;
  }
  const date = new Date(0) as never;
  expect(() => pipeline({ retry: date })).toThrow('retry must be its options or a policy, got an object');
  expect(() => retry().configure(date)).toThrow(TypeError);
  expect(retry(new Settings()).snapshot().maxAttempts).toBe(2);
  expect(retry(Object.assign(Object.create(null), { maxAttempts: 4 })).snapshot().maxAttempts).toBe(4);
});

it('withDeadline rejects for null', async () => {
  await expect(withDeadline(5, () => 1, { signal: null } as never)).rejects.toThrow(
    'signal must be a value or undefined, got null',
  );
});

it('configure refuses null too, and then changes nothing', () => {
  const policy = bulkhead({ maxConcurrent: 2 });
  expect(() => policy.configure({ maxConcurrent: null } as never)).toThrow(
    'maxConcurrent must be a value or undefined, got null',
  );
  expect(policy.snapshot().maxConcurrent).toBe(2);
});

it('undefined has the default', () => {
  expect(bulkhead({ maxConcurrent: 2, maxQueue: undefined }).snapshot().maxQueue).toBe(0);
});
