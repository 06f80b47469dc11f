import * as ours from '@agent4/resilience';
import { alerts } from '@agent4/resilience/alerts';
import { prometheusText } from '@agent4/resilience/prometheus';
import * as cockatiel from 'cockatiel';
import CircuitBreaker from 'opossum';
import pLimit from 'p-limit';
import PQueue from 'p-queue';
import pRetry from 'p-retry';

/** Made once in a process of its own; what it answers is called over and over. */
export type Subject = () => () => Promise<unknown>;

const succeed = async (): Promise<number> => 42;
const readSignal = async ({ signal }: { signal: AbortSignal }): Promise<boolean> => signal.aborted;
const failure = new Error('down');
const fail = async (): Promise<never> => {
  throw failure;
};
const caught = async (call: () => PromiseLike<unknown>): Promise<unknown> => {
  try {
    return await call();
  } catch (error) {
    return error;
  }
};
const under = (policy: { execute(fn: typeof succeed): Promise<unknown> }): (() => Promise<unknown>) => {
  return () => policy.execute(succeed);
};
/** Fails at each first call, so that each second one is a repetition. */
const everySecond = (): (() => Promise<number>) => {
  let calls = 0;
  return async () => {
    if (++calls % 2 === 1) throw failure;
    return calls;
  };
};

const { handleAll, ConsecutiveBreaker, ConstantBackoff, TimeoutStrategy } = cockatiel;
const theirs = {
  retry: () => cockatiel.retry(handleAll, { maxAttempts: 2, backoff: new ConstantBackoff(0) }),
  breaker: (threshold = 5) =>
    cockatiel.circuitBreaker(handleAll, { halfOpenAfter: 1e9, breaker: new ConsecutiveBreaker(threshold) }),
  timeout: () => cockatiel.timeout(5_000, TimeoutStrategy.Aggressive),
  bulkhead: () => cockatiel.bulkhead(10, 10),
  all: () => cockatiel.wrap(theirs.bulkhead(), theirs.retry(), theirs.breaker(), theirs.timeout()),
};

const parts = {
  retry: { maxAttempts: 3, initialDelayMs: 0, idempotent: true },
  circuitBreaker: { failureThreshold: 5 },
  timeoutMs: 5_000,
  bulkhead: { maxConcurrent: 10, maxQueue: 10 },
} as const;
const all = (options: ours.PipelineOptions = {}): ours.Pipeline => ours.pipeline({ ...parts, ...options });
/** Metrics as the package's own exporters take them, read by a scrape every half second, and alerts on the circuit. */
const exported = (): ours.Pipeline => {
  const policy = all({ name: 'exported' });
  alerts({ sources: [policy], sinks: [() => {}] });
  setInterval(() => prometheusText([policy]), 500).unref();
  return policy;
};
/** A collector of its own that hears of each call. */
const watched = (): ours.Pipeline => {
  const policy = all();
  const counts = { success: 0, failure: 0, retry: 0, ms: 0 };
  policy.on('success', ({ durationMs }) => {
    counts.success++;
    counts.ms += durationMs;
  });
  policy.on('failure', ({ durationMs }) => {
    counts.failure++;
    counts.ms += durationMs;
  });
  policy.on('retry', () => counts.retry++);
  policy.on('state', ({ to }) => {
    if (to === 'open') throw new Error('an alert in a benchmark of successes');
  });
  return policy;
};
/** In a process with policies of other makes, which take turns with it until all is compiled. */
const amongOthers = (): (() => Promise<unknown>) => {
  const { retry, circuitBreaker, bulkhead, timeoutMs } = parts;
  const others: ours.PolicyLike[] = [
    ours.pipeline({ timeoutMs }),
    ours.pipeline({ circuitBreaker, timeoutMs }),
    ours.pipeline({ retry, timeoutMs, totalTimeoutMs: 10_000 }),
    ours.pipeline({ retry, bulkhead, fallback: (() => 1) as never }),
    ours.compose(ours.circuitBreaker(circuitBreaker), ours.retry(retry), ours.bulkhead(bulkhead)),
    ours.timeout(timeoutMs),
    ours.retry(retry),
  ];
  const policy = all();
  let turns = 0;
  const inTurn = async (): Promise<unknown> => {
    await others[turns++ % others.length]!.execute(succeed);
    return policy.execute(succeed);
  };
  return () => (turns < 20_000 ? inTurn() : policy.execute(succeed));
};
const opened = (policy: { execute(fn: typeof fail): Promise<unknown> }): (() => Promise<unknown>) => {
  const failing = (): Promise<unknown> => caught(() => policy.execute(fail));
  let ready: Promise<unknown> | undefined = (async () => {
    for (let call = 0; call < 5; call++) await failing();
  })();
  return async () => {
    if (ready !== undefined) ready = void (await ready);
    return failing();
  };
};
const window = (type: 'count' | 'time', size: number): ours.CircuitBreakerOptions => ({
  window: {
    ...(type === 'time' ? { type, sizeMs: size } : { type, size }),
    ...{ failureRate: 1, minimumCalls: Math.min(size, 10) },
  },
});
/** One success at first keeps a rate of 1 out of reach, so the circuit stays closed whatever fails later. */
const failing = (options: ours.CircuitBreakerOptions): (() => Promise<unknown>) => {
  const policy = ours.circuitBreaker({ ...options, isFailure: () => true });
  let calls = 0;
  return () => caught(() => policy.execute(calls++ % 10 === 0 ? succeed : fail));
};
const lean = { timeout: false, rollingPercentilesEnabled: false, errorThresholdPercentage: 100 } as const;
const opossum = (call: () => Promise<unknown>, options: CircuitBreaker.Options): CircuitBreaker =>
  new CircuitBreaker(call, { ...options, resetTimeout: 1e9, volumeThreshold: 1e9 });
const many = (call: (fn: typeof succeed) => Promise<unknown>) => (): Promise<unknown> =>
  Promise.all(Array.from({ length: 64 }, () => call(succeed)));

class Service {
  calls = 0;
  async find(): Promise<number> {
    return ++this.calls;
  }
}
/** What a compiler makes of `@policy async find()`: the decorator is called with the method and its context. */
const decorated = (policy: ours.Policy): (() => Promise<unknown>) => {
  const context = { kind: 'method', name: 'find' } as ClassMethodDecoratorContext<
    Service,
    (this: Service) => Promise<number>
  >;
  Service.prototype.find = policy(Service.prototype.find, context);
  const service = new Service();
  return () => service.find();
};
const wrapped = (policy: ours.Policy): (() => Promise<unknown>) => {
  const service = new Service();
  const find = policy(service.find);
  return () => find.call(service);
};

export const subjects = {
  success: {
    bare: () => succeed,
    'cockatiel retry': () => under(theirs.retry()),
    'ours retry': () => under(ours.retry(parts.retry)),
    'cockatiel breaker': () => under(theirs.breaker()),
    'ours breaker': () => under(ours.circuitBreaker(parts.circuitBreaker)),
    'cockatiel timeout': () => under(theirs.timeout()),
    'ours timeout': () => under(ours.timeout(5_000)),
    'cockatiel bulkhead': () => under(theirs.bulkhead()),
    'ours bulkhead': () => under(ours.bulkhead(parts.bulkhead)),
    'cockatiel fallback': () => under(cockatiel.fallback(handleAll, 1)),
    'ours fallback': () => under(ours.fallback(1)),
    'cockatiel all four': () => under(theirs.all()),
    'ours all four': () => under(all()),
    'ours all four, metrics and alerts': () => under(exported()),
    'ours all four, watched': () => under(watched()),
    'ours all four, among others': () => amongOthers(),
    'ours all four, wrapper': () => wrapped(all()),
    'ours all four, TC39 decorator': () => decorated(all()),
    'ours all four, signal read': () => {
      const policy = all();
      return () => policy.execute(readSignal);
    },
    'cockatiel all four, signal read': () => {
      const policy = theirs.all();
      return () => policy.execute(readSignal as never);
    },
    'ours all four, time window': () => under(all({ circuitBreaker: window('time', 10_000) })),
    'ours all four, total time limit': () => under(all({ totalTimeoutMs: 10_000 })),
    'ours all four, fallback': () => under(all({ fallback: (() => 1) as never })),
    'opossum default': () => {
      const breaker = opossum(succeed, {});
      return () => breaker.fire();
    },
    'opossum lean': () => {
      const breaker = opossum(succeed, lean);
      return () => breaker.fire();
    },
    'p-retry': () => () => pRetry(succeed, { retries: 2, minTimeout: 0 }),
    'p-limit': () => {
      const limit = pLimit(10);
      return () => limit(succeed);
    },
    'p-queue': () => {
      const queue = new PQueue({ concurrency: 10 });
      return () => queue.add(succeed);
    },
  },
  failure: {
    bare: () => () => caught(fail),
    'cockatiel breaker': () => {
      const policy = theirs.breaker(1e9);
      return () => caught(() => policy.execute(fail));
    },
    'ours breaker': () => {
      const policy = ours.circuitBreaker({ failureThreshold: 1e9 });
      return () => caught(() => policy.execute(fail));
    },
    'cockatiel retry, given up': () => {
      const policy = cockatiel.retry(handleAll, { maxAttempts: 1, backoff: new ConstantBackoff(0) });
      return () => caught(() => policy.execute(fail));
    },
    'ours retry, given up': () => {
      const policy = ours.retry({ ...parts.retry, maxAttempts: 2 });
      return () => caught(() => policy.execute(fail));
    },
    'cockatiel timeout': () => {
      const policy = theirs.timeout();
      return () => caught(() => policy.execute(fail));
    },
    'ours timeout': () => {
      const policy = ours.timeout(5_000);
      return () => caught(() => policy.execute(fail));
    },
    'cockatiel bulkhead': () => {
      const policy = theirs.bulkhead();
      return () => caught(() => policy.execute(fail));
    },
    'ours bulkhead': () => {
      const policy = ours.bulkhead(parts.bulkhead);
      return () => caught(() => policy.execute(fail));
    },
    'cockatiel fallback': () => {
      const policy = cockatiel.fallback(handleAll, 1);
      return () => policy.execute(fail);
    },
    'ours fallback': () => {
      const policy = ours.fallback(1);
      return () => policy.execute(fail);
    },
    'ours count window of 10': () => failing(window('count', 10)),
    'ours count window of 1000': () => failing(window('count', 1_000)),
    'ours count window of 100000': () => failing(window('count', 100_000)),
    'ours time window of 1 s': () => failing(window('time', 1_000)),
    'ours time window of 1 h': () => failing(window('time', 3_600_000)),
    'opossum lean': () => {
      const breaker = opossum(fail, lean);
      return () => caught(() => breaker.fire());
    },
  },
  'one retry without delay': {
    'cockatiel retry': () => {
      const policy = theirs.retry();
      const call = everySecond();
      return () => policy.execute(call);
    },
    'p-retry': () => {
      const call = everySecond();
      return () => pRetry(call, { retries: 2, minTimeout: 0 });
    },
    'ours retry': () => {
      const policy = ours.retry(parts.retry);
      const call = everySecond();
      return () => policy.execute(call);
    },
  },
  'open circuit': {
    'cockatiel breaker': () => opened(theirs.breaker()),
    'ours breaker': () => opened(ours.circuitBreaker({ ...parts.circuitBreaker, openMs: 1e9 })),
    'opossum lean': () => {
      const breaker = opossum(fail, lean);
      breaker.open();
      return () => caught(() => breaker.fire());
    },
  },
  '64 calls through 8': {
    bare: () => many((fn) => fn()),
    'cockatiel bulkhead': () => {
      const policy = cockatiel.bulkhead(8, 64);
      return many((fn) => policy.execute(fn));
    },
    'p-limit': () => {
      const limit = pLimit(8);
      return many((fn) => limit(fn));
    },
    'p-queue': () => {
      const queue = new PQueue({ concurrency: 8 });
      return many((fn) => queue.add(fn));
    },
    'ours bulkhead': () => {
      const policy = ours.bulkhead({ maxConcurrent: 8, maxQueue: 64 });
      return many((fn) => policy.execute(fn));
    },
  },
} satisfies Record<string, Record<string, Subject>>;

export type Group = keyof typeof subjects;
export const groups = Object.keys(subjects) as Group[];
export const subjectsOf = (group: Group): Record<string, Subject> => subjects[group];

/** What the issue demands: group, subject, the subject it is compared with, the highest ratio of the medians. */
export const demands: readonly [Group, string, string, number][] = [
  ['success', 'ours all four', 'bare', 4],
  ['success', 'ours all four', 'cockatiel all four', 0.1],
  ['success', 'ours all four, metrics and alerts', 'ours all four', 1.25],
  ['success', 'ours all four, TC39 decorator', 'ours all four, wrapper', 1.1],
  ['success', 'ours retry', 'cockatiel retry', 1],
  ['success', 'ours breaker', 'cockatiel breaker', 1],
  ['success', 'ours timeout', 'cockatiel timeout', 1],
  ['success', 'ours bulkhead', 'cockatiel bulkhead', 1],
  ['success', 'ours fallback', 'cockatiel fallback', 1],
  ['failure', 'ours retry, given up', 'cockatiel retry, given up', 1],
  ['failure', 'ours breaker', 'cockatiel breaker', 1],
  ['failure', 'ours timeout', 'cockatiel timeout', 1],
  ['failure', 'ours bulkhead', 'cockatiel bulkhead', 1],
  ['failure', 'ours fallback', 'cockatiel fallback', 1],
  ['failure', 'ours count window of 100000', 'ours count window of 10', 1.1],
  ['failure', 'ours time window of 1 h', 'ours time window of 1 s', 1.1],
  ['one retry without delay', 'ours retry', 'p-retry', 1],
  ['open circuit', 'ours breaker', 'cockatiel breaker', 0.25],
  ['64 calls through 8', 'ours bulkhead', 'cockatiel bulkhead', 1],
  ['64 calls through 8', 'ours bulkhead', 'p-limit', 1],
];
