import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  adaptiveConcurrency,
  bulkhead,
  circuitBreaker,
  circuitBreakers,
  HealthRegistry,
  pipeline,
  rateLimit,
  retry,
} from '../src/index.ts';
import { prometheusContentType, prometheusText } from '../src/prometheus.ts';
import { deferred, VirtualClock } from './virtual-clock.ts';

const down = (): Promise<never> => Promise.reject(new Error('down'));

/** Reads the text as a scraper does; throws where the format is broken or a series comes twice. */
const scrape = (text: string): Map<string, number> => {
  const series = new Map<string, number>();
  let family = '';
  for (const line of text.split('\n').slice(0, -1)) {
    const head = /^# (HELP|TYPE) (\w+) /.exec(line);
    if (head?.[1] === 'TYPE' && head[2] !== family) throw new Error(`TYPE without HELP: ${line}`);
    if (head) {
      family = head[2]!;
      continue;
    }
    const found = /^(\w+)(\{(?:\w+="(?:[^"\\\n]|\\[\\"n])*",?)*\}) (\S+)$/.exec(line);
    if (found === null || !found[1]!.startsWith(family)) throw new Error(`bad line: ${line}`);
    const key = `${found[1]}${found[2]}`;
    if (series.has(key)) throw new Error(`twice: ${key}`);
    const value = found[3] === '+Inf' ? Number.POSITIVE_INFINITY : Number(found[3]);
    if (Number.isNaN(value)) throw new Error(`no number: ${line}`);
    series.set(key, value);
  }
  return series;
};

it('tells counts, latency, the state of the circuit and the bulkhead of a pipeline', async () => {
  const time = new VirtualClock();
  const shop = pipeline({
    ...time.time,
    name: 'shop',
    bulkhead: { maxConcurrent: 2, maxQueue: Number.POSITIVE_INFINITY },
    retry: { maxAttempts: 2, initialDelayMs: 0 },
    circuitBreaker: { failureThreshold: 4 },
  });
  const gate = deferred<void>();
  for (let call = 0; call < 9; call++) {
    await shop.execute(() => {
      time.now += 250;
    });
  }
  await shop.execute(down).catch(() => {});
  await shop.execute(() => 1, AbortSignal.abort()).catch(() => {});
  const running = shop.execute(() => gate.promise);
  // Percentiles are exact to two figures.
  const text = prometheusText([shop]).replaceAll(/(quantile="[\d.]+"\}) 0\.2[45]\d+$/gm, '$1 0.25');
  expect(text).toMatchInlineSnapshot(`
"# HELP agent4_resilience_calls_total Calls that have ended, by how: success, failure, rejected by a policy, cancelled by the caller.
# TYPE agent4_resilience_calls_total counter
agent4_resilience_calls_total{policy="shop",outcome="success"} 9
agent4_resilience_calls_total{policy="shop",outcome="failure"} 1
agent4_resilience_calls_total{policy="shop",outcome="rejected"} 0
agent4_resilience_calls_total{policy="shop",outcome="cancelled"} 1
# HELP agent4_resilience_retries_total Second and later attempts.
# TYPE agent4_resilience_retries_total counter
agent4_resilience_retries_total{policy="shop"} 1
# HELP agent4_resilience_retries_suppressed_total Retries that a budget did not allow.
# TYPE agent4_resilience_retries_suppressed_total counter
agent4_resilience_retries_suppressed_total{policy="shop"} 0
# HELP agent4_resilience_timeouts_total Calls and attempts that ran out of time.
# TYPE agent4_resilience_timeouts_total counter
agent4_resilience_timeouts_total{policy="shop"} 0
# HELP agent4_resilience_call_duration_seconds How long successes and failures took, since the policy was made.
# TYPE agent4_resilience_call_duration_seconds summary
agent4_resilience_call_duration_seconds{policy="shop",quantile="0.5"} 0.25
agent4_resilience_call_duration_seconds{policy="shop",quantile="0.95"} 0.25
agent4_resilience_call_duration_seconds{policy="shop",quantile="0.99"} 0.25
agent4_resilience_call_duration_seconds_count{policy="shop"} 10
# HELP agent4_resilience_circuit_state The state of a circuit: 1 for the one it is in, 0 for the others.
# TYPE agent4_resilience_circuit_state gauge
agent4_resilience_circuit_state{policy="shop",state="closed"} 1
agent4_resilience_circuit_state{policy="shop",state="open"} 0
agent4_resilience_circuit_state{policy="shop",state="half-open"} 0
agent4_resilience_circuit_state{policy="shop",state="isolated"} 0
# HELP agent4_resilience_bulkhead_running Calls that hold a slot.
# TYPE agent4_resilience_bulkhead_running gauge
agent4_resilience_bulkhead_running{policy="shop"} 1
# HELP agent4_resilience_bulkhead_queued Callers that wait for a slot.
# TYPE agent4_resilience_bulkhead_queued gauge
agent4_resilience_bulkhead_queued{policy="shop"} 0
# HELP agent4_resilience_bulkhead_max_concurrent Slots.
# TYPE agent4_resilience_bulkhead_max_concurrent gauge
agent4_resilience_bulkhead_max_concurrent{policy="shop"} 2
# HELP agent4_resilience_bulkhead_max_queue Callers that may wait for a slot.
# TYPE agent4_resilience_bulkhead_max_queue gauge
agent4_resilience_bulkhead_max_queue{policy="shop"} +Inf
"
`);
  gate.resolve();
  await running;
  expect(prometheusContentType).toBe('text/plain; version=0.0.4; charset=utf-8');
});

it('tells policies of one name as one: the sum, and the worse state', async () => {
  const closed = circuitBreaker({ name: 'db' });
  const open = circuitBreaker({ name: 'db', failureThreshold: 1 });
  await closed.execute(() => 1);
  await open.execute(down).catch(() => {});
  const series = scrape(prometheusText([closed, open]));
  expect(series.get('agent4_resilience_calls_total{policy="db",outcome="success"}')).toBe(1);
  expect(series.get('agent4_resilience_calls_total{policy="db",outcome="failure"}')).toBe(1);
  expect(series.get('agent4_resilience_circuit_state{policy="db",state="open"}')).toBe(1);
  expect(series.get('agent4_resilience_circuit_state{policy="db",state="closed"}')).toBe(0);
  const named = scrape(
    prometheusText(
      new Map([
        ['read', closed],
        ['write', open],
      ]),
    ),
  );
  expect(named.get('agent4_resilience_circuit_state{policy="read",state="closed"}')).toBe(1);
});

it('tells suppressed retries, the limit found, and the queue of a rate limit', async () => {
  const none = { deposit: () => {}, withdraw: () => false, snapshot: () => ({}) as never };
  const mail = retry({ name: 'mail', budget: none });
  await mail.execute(down).catch(() => {});
  const slots = adaptiveConcurrency({ name: 'db', initial: 7, maxQueue: 3 });
  const rate = rateLimit({ name: 'api', limit: 1, perMs: 1_000, maxQueue: 5 });
  const series = scrape(prometheusText([mail, slots, rate]));
  expect(series.get('agent4_resilience_retries_suppressed_total{policy="mail"}')).toBe(1);
  expect(series.get('agent4_resilience_adaptive_concurrency_limit{policy="db"}')).toBe(7);
  expect(series.get('agent4_resilience_adaptive_concurrency_running{policy="db"}')).toBe(0);
  expect(series.get('agent4_resilience_rate_limit_queued{policy="api"}')).toBe(0);
});

it('tells breakers by key as one, by the worst state', async () => {
  const hosts = circuitBreakers({ name: 'hosts', failureThreshold: 1 });
  await hosts.execute('a', () => 1);
  await hosts.execute('b', down).catch(() => {});
  const series = scrape(prometheusText([hosts]));
  expect(series.get('agent4_resilience_circuit_state{policy="hosts",state="open"}')).toBe(1);
  expect(series.get('agent4_resilience_calls_total{policy="hosts",outcome="success"}')).toBe(1);
  expect(series.get('agent4_resilience_calls_total{policy="hosts",outcome="failure"}')).toBe(1);
});

it('tells what is beyond maxPolicies as one', async () => {
  const many = Array.from({ length: 50 }, (_, at) => retry({ name: `tenant-${at}` }));
  for (const each of many) await each.execute(() => 1);
  const text = prometheusText(many, { maxPolicies: 10 });
  const series = scrape(text);
  expect(series.get('agent4_resilience_calls_total{policy="_other",outcome="success"}')).toBe(40);
  expect(new Set([...text.matchAll(/policy="([^"]*)"/g)].map(([, name]) => name)).size).toBe(11);
});

it('tells the last known health, and runs no check for it', async () => {
  const health = new HealthRegistry();
  let runs = 0;
  health.register('db', () => ++runs > 0);
  const state = (status: string): number | undefined =>
    scrape(prometheusText([], { health })).get(
      `agent4_resilience_health_status{check="db",status="${status}"}`,
    );
  expect([state('unknown'), state('up'), runs]).toEqual([1, 0, 0]);
  await health.report();
  expect([state('unknown'), state('up'), runs]).toEqual([0, 1, 1]);
});

it('is well-formed whatever the names are', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 8 }), (names) => {
      const policies = names.flatMap((name) => [
        circuitBreaker({ name }),
        bulkhead({ name, maxConcurrent: 1 }),
      ]);
      scrape(prometheusText(policies));
    }),
  );
  expect(prometheusText([retry({ name: 'a"b\\c\nd' })])).toContain('{policy="a\\"b\\\\c\\nd"}');
  expect(prometheusText([])).toBe('');
});

it('never lets a counter fall', async () => {
  const breaker = circuitBreaker({ name: 'db', failureThreshold: 2, openMs: 1 });
  let before = new Map<string, number>();
  for (let call = 0; call < 200; call++) {
    await breaker.execute(call % 3 === 0 ? () => 1 : down).catch(() => {});
    const now = scrape(prometheusText([breaker]));
    for (const [key, value] of before)
      if (/_total|_count/.test(key)) expect(now.get(key)).toBeGreaterThanOrEqual(value);
    before = now;
  }
  expect([...before.keys()].filter((key) => /_total|_count/.test(key))).toHaveLength(8);
});

it.each<[unknown, object, string]>([
  [undefined, {}, 'policies must be a list or a Map of policies, got undefined'],
  [[{}], {}, 'policies must be policies, with a name and stats(), got an object'],
  [[null], {}, 'policies must be policies, with a name and stats(), got null'],
  [new Map([['', retry()]]), {}, 'policies must be policies'],
  [[], { max: 5 }, 'prometheusText has no option "max"'],
  [[], { maxPolicies: 0 }, 'maxPolicies must be an integer >= 1, got 0'],
  [[], { health: {} }, 'health must be a HealthRegistry, got an object'],
])('refuses what makes no sense (%#)', (policies, options, message) => {
  expect(() => prometheusText(policies as never, options)).toThrow(message);
});
