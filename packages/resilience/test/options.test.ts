import { expect, it } from '@jest/globals';
import * as surface from '../src/index.ts';
import {
  bulkhead,
  circuitBreaker,
  compose,
  deadline,
  fallback,
  HealthRegistry,
  pipeline,
  rateLimit,
  retry,
  timeout,
} from '../src/index.ts';

it.each<[() => unknown, string]>([
  [() => retry({ maxAttempts: 0 }), 'maxAttempts must be an integer >= 1 or Infinity, got 0'],
  [() => retry({ maxAttempts: 2.5 }), 'maxAttempts must be an integer >= 1 or Infinity, got 2.5'],
  [() => retry({ maxAttempts: '3' as never }), 'maxAttempts must be an integer >= 1 or Infinity, got "3"'],
  [() => retry({ initialDelayMs: -1 }), 'initialDelayMs must be a number of milliseconds >= 0, got -1'],
  [
    () => retry({ maxDelayMs: Number.NaN }),
    'maxDelayMs must be a number of milliseconds >= 0 or Infinity, got NaN',
  ],
  [
    () => retry({ maxElapsedMs: -1 }),
    'maxElapsedMs must be a number of milliseconds >= 0 or Infinity, got -1',
  ],
  [() => retry({ factor: 0.5 }), 'factor must be a number >= 1, got 0.5'],
  [() => retry({ backoff: [] }), 'backoff must be a list with at least one delay, got []'],
  [() => retry({ backoff: [1, Number.NaN] }), 'backoff[1] must be a number of milliseconds >= 0, got NaN'],
  [
    () => retry({ backoff: 'cubic' as never }),
    'backoff must be one of constant, linear, exponential, got "cubic"',
  ],
  [
    () => retry({ backoff: {} as never }),
    'backoff must be a word, a list, a function or a backoff of cockatiel',
  ],
  [
    () => retry({ jitter: 'some' as never }),
    'jitter must be one of none, full, equal, decorrelated, polly-v2, got "some"',
  ],
  [() => retry({ idempotent: 'yes' as never }), 'idempotent must be true or false, got "yes"'],
  [() => retry({ handle: 5 as never }), 'handle must be a function or a handle filter of cockatiel, got 5'],
  [() => retry({ classify: 5 as never }), 'classify must be a function, got 5'],
  [() => retry({ maxRetries: 3 } as never), 'retry has no option "maxRetries"; it knows name, maxAttempts'],
  [() => retry({ name: '' }), 'name must be a string that is not empty, got ""'],
  [() => retry({ timers: {} as never }), 'timers must have setTimeout and clearTimeout, got an object'],
  [() => retry(null as never), 'retry options must be an object, got null'],
  [() => circuitBreaker({ failureThreshold: 0 }), 'failureThreshold must be an integer >= 1, got 0'],
  [() => circuitBreaker({ openMs: 0 }), 'openMs must be a number of milliseconds > 0, got 0'],
  [() => circuitBreaker({ halfOpenProbes: 0 }), 'halfOpenProbes must be an integer >= 1, got 0'],
  [
    () => circuitBreaker({ halfOpenMaxWaitMs: -1 }),
    'halfOpenMaxWaitMs must be a number of milliseconds > 0 or Infinity',
  ],
  [
    () => circuitBreaker({ failureThreshold: 1, window: { type: 'count', size: 1 } }),
    'give one of failureThreshold, window and breaker, got failureThreshold and window',
  ],
  [
    () => circuitBreaker({ window: { type: 'count', size: 0 } }),
    'window.size must be an integer >= 1, got 0',
  ],
  [
    () => circuitBreaker({ window: { type: 'time', sizeMs: -1 } }),
    'window.sizeMs must be a number of milliseconds > 0',
  ],
  [
    () => circuitBreaker({ window: { type: 'time', size: 5 } as never }),
    'window has no option "size"; it knows type, sizeMs',
  ],
  [
    () => circuitBreaker({ window: { type: 'count', size: 1e12 } }),
    'window.size must be at most 1000000, got 1000000000000',
  ],
  [() => circuitBreaker({ window: null as never }), 'window must be a value or undefined, got null'],
  [() => timeout('5' as never), 'timeout takes a number of milliseconds or options, got "5"'],
  [() => deadline(null as never), 'deadline takes a number of milliseconds or options, got null'],
  [
    () => rateLimit({ limit: 1e-320, perMs: 1e300 }),
    'limit must leave a finite time between two calls, got 1e-320 per 1e+300 ms',
  ],
  [
    () => circuitBreaker({ window: { type: 'count', size: 5, failureRate: 1.1 } }),
    'window.failureRate must be more than 0 and at most 1, got 1.1',
  ],
  [
    () => circuitBreaker({ window: { type: 'count', size: 5, minimumCalls: 6 } }),
    'window.minimumCalls must be at most window.size (5), got 6',
  ],
  [() => circuitBreaker({ breaker: {} as never }), 'breaker must have success and failure'],
  [() => bulkhead({ maxConcurrent: 0 }), 'maxConcurrent must be an integer >= 1, got 0'],
  [
    () => bulkhead({ maxConcurrent: 1, maxQueue: -1 }),
    'maxQueue must be an integer >= 0 or Infinity, got -1',
  ],
  [
    () => bulkhead({ maxConcurrent: 1, queueTimeoutMs: 0 }),
    'queueTimeoutMs must be a number of milliseconds > 0',
  ],
  [() => timeout(-1), 'ms must be a number of milliseconds > 0 or Infinity, got -1'],
  [
    () => fallback(1, { handles: () => true } as never),
    'fallback has no option "handles"; it knows handle, name',
  ],
])('refuses bad options at construction, naming option and value (%#)', (build, message) => {
  expect(build).toThrow(message);
});

const parts = [
  ...['fallback', 'totalTimeoutMs', 'bulkhead', 'retry', 'circuitBreaker', 'timeoutMs'],
  ...['deadlineMs', 'coalesce', 'rateLimit', 'adaptiveConcurrency', 'hedge', 'chaos'],
];
const nothings: [unknown, string][] = [
  [false, 'false'],
  [null, 'null'],
  ['', '""'],
  [0, '0'],
  [Number.NaN, 'NaN'],
  [true, 'true'],
];

it.each(parts.flatMap((part) => nothings.map(([value, shown]) => [part, shown, value] as const)))(
  'a pipeline refuses %s: %s, which would quietly switch the part on',
  (part, shown, value) => {
    const options = {
      [part]: value,
      retry: { maxAttempts: 2 },
      ...(part === 'retry' ? { retry: value } : {}),
    };
    expect(() => pipeline(options as never)).toThrow(new RegExp(`^${part}\\b.* must be .*got ${shown}`));
    const numeric = part.endsWith('Ms') && typeof value === 'number';
    expect(() => pipeline(options as never)).toThrow(numeric ? RangeError : TypeError);
  },
);

it('a pipeline leaves out a part that is undefined', () => {
  const made = pipeline({ timeoutMs: 5, bulkhead: undefined, circuitBreaker: undefined, retry: undefined });
  expect([made.circuitBreaker, made.bulkhead]).toEqual([undefined, undefined]);
});

it.each([5, 'x', {}])('a pipeline refuses classify: %j whatever its parts', (classify) => {
  expect(() => pipeline({ timeoutMs: 5, classify: classify as never })).toThrow(
    /^classify must be a function, got /,
  );
});

const bare = Object.create(null) as never;
const symbol = Symbol('odd') as never;
const revoked = (): never => {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy as never;
};

it.each<[string, (value: never) => unknown, string]>([
  ['classify', (classify) => retry({ classify }), 'classify must be a function, got '],
  ['maxAttempts', (maxAttempts) => retry({ maxAttempts }), 'maxAttempts must be an integer'],
  ['initialDelayMs', (initialDelayMs) => retry({ initialDelayMs }), 'initialDelayMs must be a number'],
  ['factor', (factor) => retry({ factor }), 'factor must be a number >= 1, got '],
  ['jitter', (jitter) => retry({ jitter }), 'jitter must be one of '],
  ['name', (name) => retry({ name }), 'name must be a string'],
  ['idempotent', (idempotent) => retry({ idempotent }), 'idempotent must be true or false'],
  [
    'window.failureRate',
    (failureRate) => circuitBreaker({ window: { type: 'count', size: 5, failureRate } }),
    'window.failureRate must be more than 0 and at most 1, got ',
  ],
  ['fallback', (answer) => pipeline({ fallback: answer }), 'fallback must be a function or a policy, got '],
  ['timeoutMs', (timeoutMs) => pipeline({ timeoutMs }), 'timeoutMs must be a number of milliseconds'],
  ['compose', (policy) => compose(policy), 'must be a policy (with execute), got '],
  ['register', (name) => new HealthRegistry().register(name, () => undefined), 'name must be 1 to 100'],
  ['on', (event) => retry().on(event, () => {}), '"retry" has no event '],
])('an error can tell of a value that has no text: %s', (_name, build, message) => {
  for (const value of [bare, symbol]) expect(() => build(value)).toThrow(message);
});

it('an error can tell of a revoked proxy', () => {
  expect(() => retry({ maxAttempts: revoked() })).toThrow(
    'maxAttempts must be an integer >= 1 or Infinity, got an object',
  );
});

it('exports these values and no others', () => {
  expect(Object.keys(surface).sort()).toEqual([
    'BulkheadFullError',
    'CircuitIsolatedError',
    'CircuitOpenError',
    'DeadlineExceededError',
    'HealthRegistry',
    'InjectedFaultError',
    'PolicyRegistry',
    'PolicyTimeoutError',
    'RateLimitedError',
    'adaptiveConcurrency',
    'attemptsOf',
    'bulkhead',
    'chaos',
    'circuitBreaker',
    'circuitBreakers',
    'coalesce',
    'compose',
    'deadline',
    'fallback',
    'fallbackChain',
    'fromDeadlineHeader',
    'healthRegistry',
    'hedge',
    'perInstance',
    'pipeline',
    'policies',
    'priorityBulkhead',
    'rateLimit',
    'remainingMs',
    'retry',
    'retryBudget',
    'stream',
    'timeout',
    'toDeadlineHeader',
    'withDeadline',
  ]);
});
