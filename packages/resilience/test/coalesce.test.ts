import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import * as cockatiel from 'cockatiel';
import fc from 'fast-check';
import {
  bulkhead,
  type CoalesceOptions,
  coalesce,
  compose,
  fallback,
  remainingMs,
  retry,
  timeout,
  toDeadlineHeader,
  withDeadline,
} from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = (options: Partial<CoalesceOptions> = {}) => {
  const time = new VirtualClock();
  const policy = coalesce({ key: () => 'same', name: 'reads', ...time.time, ...options });
  const flights: { gate: PromiseWithResolvers<unknown>; signal: AbortSignal }[] = [];
  const task = ({ signal }: { signal: AbortSignal }) => {
    const gate = deferred<unknown>();
    flights.push({ gate, signal });
    return gate.promise;
  };
  return { time, policy, flights, task };
};

it('makes one call for all that are equal and under way, and shares its answer by identity', async () => {
  const { policy, flights, task } = setUp();
  const outcomes = [1, 2, 3].map(() => outcomeOf(policy.execute(task)));
  await settle();
  expect(policy.snapshot()).toEqual({ name: 'reads', inFlight: 1, waiting: 3, shared: 2 });
  const answer = { rows: [] };
  flights[0]!.gate.resolve(answer);
  await settle();
  expect(flights).toHaveLength(1);
  for (const { value } of outcomes) expect(value).toBe(answer);
  expect(policy.snapshot()).toEqual({ name: 'reads', inFlight: 0, waiting: 0, shared: 2 });
  expect(policy.stats()).toMatchObject({ calls: 3, successes: 3 });
});

it('shares a failure by identity, also a falsy one', async () => {
  for (const failure of [new Error('down'), undefined, 0]) {
    const { policy, flights, task } = setUp();
    const outcomes = [1, 2].map(() => outcomeOf(policy.execute(task)));
    flights[0]!.gate.reject(failure);
    await settle();
    for (const outcome of outcomes) {
      expect(outcome.status).toBe('rejected');
      expect(outcome.error).toBe(failure);
    }
    expect(policy.snapshot().inFlight).toBe(0);
  }
});

it('keeps nothing: a call made by the first one to hear the answer is a new one', async () => {
  const { policy, flights, task } = setUp();
  let again: unknown;
  policy.execute(task).then(() => {
    again = policy.execute(task);
  });
  flights[0]!.gate.resolve(1);
  await settle();
  expect([flights.length, again]).toEqual([2, expect.any(Promise)]);
});

it('a throw before anything is awaited is shared with nobody and leaves nothing', async () => {
  const { policy } = setUp();
  const error = new Error('sync');
  await expect(
    policy.execute(() => {
      throw error;
    }),
  ).rejects.toBe(error);
  expect(await policy.execute(() => 'next')).toBe('next');
});

it('an abort takes away its caller alone, the beginner too; the last one to leave aborts the call', async () => {
  const { policy, flights, task } = setUp();
  const controllers = [1, 2, 3].map(() => new AbortController());
  const outcomes = controllers.map(({ signal }) => outcomeOf(policy.execute(task, signal)));
  await settle();
  controllers[0]!.abort('first');
  await settle();
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'pending', 'pending']);
  expect(outcomes[0]!.error).toBe('first');
  expect(flights[0]!.signal.aborted).toBe(false);
  controllers[1]!.abort('second');
  controllers[2]!.abort('third');
  await settle();
  expect(flights[0]!.signal.reason).toBe('third');
  expect(outcomes.map(({ error }) => error)).toEqual(['first', 'second', 'third']);
  for (const { signal } of controllers) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  expect(policy.snapshot()).toMatchObject({ inFlight: 0, waiting: 0 });
  flights[0]!.gate.reject(new Error('late'));
  expect(policy.stats()).toMatchObject({ cancelled: 3, failures: 0 });
});

it('nobody joins a call that all have left', async () => {
  const { policy, flights, task } = setUp();
  const controller = new AbortController();
  outcomeOf(policy.execute(task, controller.signal));
  controller.abort('gone');
  await settle();
  const next = outcomeOf(policy.execute(task));
  await settle();
  expect(flights).toHaveLength(2);
  flights[0]!.gate.resolve('old');
  await settle();
  expect([next.status, policy.snapshot().inFlight]).toEqual(['pending', 1]);
  flights[1]!.gate.resolve('new');
  await settle();
  expect(next.value).toBe('new');
});

it('one who left does not count twice when the call settles', async () => {
  const { policy, flights, task } = setUp();
  const controller = new AbortController();
  outcomeOf(policy.execute(task, controller.signal));
  const stays = outcomeOf(policy.execute(task));
  await settle();
  controller.abort('gone');
  await settle();
  expect(policy.snapshot()).toMatchObject({ waiting: 1 });
  flights[0]!.gate.resolve('answer');
  await settle();
  expect([stays.value, policy.snapshot().waiting]).toEqual(['answer', 0]);
});

it('an aborted signal joins nothing and begins nothing', async () => {
  const { policy, flights, task } = setUp();
  await expect(policy.execute(task, AbortSignal.abort('gone'))).rejects.toBe('gone');
  expect(flights).toHaveLength(0);
});

it('a call for the same key from within the call is made on its own: it would wait for itself', async () => {
  const { policy } = setUp({ key: () => 'same' });
  const nested = policy.execute(async () => {
    await settle();
    return ['outer', await policy.execute(async () => 'inner')];
  });
  const joined = policy.execute(async () => 'not called');
  expect(await Promise.all([nested, joined])).toEqual([
    ['outer', 'inner'],
    ['outer', 'inner'],
  ]);
  expect(await compose(policy, policy).execute(async () => 'twice')).toBe('twice');
  const around = policy.for('a').execute(async () => {
    await settle();
    return policy.for('b').execute(async () => {
      await settle();
      return policy.for('a').execute(async () => 'a in b in a');
    });
  });
  expect(await around).toBe('a in b in a');
  expect(policy.snapshot()).toMatchObject({ inFlight: 0, waiting: 0 });
});

it('tells wrapped calls apart by their arguments', async () => {
  const { policy } = setUp({ key: (id: number) => id });
  const calls: number[] = [];
  const read = policy(async (id: number) => {
    calls.push(id);
    await settle();
    return `row ${id}`;
  });
  expect(await Promise.all([read(1), read(2), read(1), read(2)])).toEqual([
    'row 1',
    'row 2',
    'row 1',
    'row 2',
  ]);
  expect(calls).toEqual([1, 2]);
});

it('never mixes two functions, nor two objects with the same method', async () => {
  const { policy } = setUp({ key: (id: number) => id });
  const users = policy(async (id: number) => `user ${id}`);
  const orders = policy(async (id: number) => `order ${id}`);
  expect(await Promise.all([users(1), orders(1)])).toEqual(['user 1', 'order 1']);
  class Store {
    readonly #tenant: string;
    constructor(tenant: string) {
      this.#tenant = tenant;
    }
    async read(id: number): Promise<string> {
      await settle();
      return `${this.#tenant} ${id}`;
    }
  }
  Store.prototype.read = policy(Store.prototype.read);
  const [a, b] = [new Store('a'), new Store('b')];
  expect(await Promise.all([a.read(1), b.read(1), a.read(1)])).toEqual(['a 1', 'b 1', 'a 1']);
  expect(policy.snapshot().shared).toBe(1);
});

it('a function called by a wrapped one is not taken for it', async () => {
  const { policy } = setUp({ key: (...args: unknown[]) => JSON.stringify(args) });
  const inner = policy(async (id: number) => `inner ${id}`);
  const outer = policy(async (id: number) => [await inner(id), await policy.execute(() => 'bare')]);
  expect(await outer(1)).toEqual(['inner 1', 'bare']);
  const sync = policy(() => policy.execute(() => 'bare'));
  expect(await sync()).toBe('bare');
});

it('hands on the arguments through retries, queues and cockatiel’s policies', async () => {
  const theirs = cockatiel.retry(cockatiel.handleAll, {
    maxAttempts: 2,
    backoff: new cockatiel.ConstantBackoff(1),
  });
  const slots = bulkhead({ maxConcurrent: 1, maxQueue: 5 });
  for (const outer of [retry({ maxAttempts: 3, backoff: [0] }), slots, theirs]) {
    const { policy } = setUp({ key: (id: number) => id });
    const failed = new Set<number>();
    const read = compose(
      outer,
      policy,
    )(async (id: number) => {
      if (failed.has(id)) return `row ${id}`;
      failed.add(id);
      throw new Error('first');
    });
    const [one, two] = await Promise.allSettled([read(1), read(2)]);
    const expected = (id: number) =>
      outer === slots ? { reason: new Error('first') } : { value: `row ${id}` };
    expect([one, two]).toMatchObject([expected(1), expected(2)]);
  }
});

it('a bare execute in a fallback of a wrapped call is no part of that call', async () => {
  const keys: unknown[] = [];
  const { policy } = setUp({
    key: (...args: unknown[]) => {
      keys.push(args);
      return args[0] ?? 'bare';
    },
  });
  const read = compose(
    fallback(() => policy.execute(() => 'bare')),
    policy,
  )(async (id: number): Promise<string> => {
    await settle();
    if (id === 1) throw new Error('down');
    return 'wrapped';
  });
  expect(await Promise.all([read(1), read(2)])).toEqual(['bare', 'wrapped']);
  expect(keys).toEqual([[1], [2], []]);
});

it('for(key) names the key of a bare execute', async () => {
  const { policy, flights, task } = setUp({ key: (id: number) => id });
  const one = policy.for('a');
  const outcomes = [
    one.execute(task),
    policy.for('a').execute(task),
    policy.for('b').execute(task),
    one(() => task({ signal: new AbortController().signal }))(),
  ].map(outcomeOf);
  await settle();
  expect(flights).toHaveLength(2);
  flights[0]!.gate.resolve('A');
  flights[1]!.gate.resolve('B');
  await settle();
  expect(outcomes.map(({ value }) => value)).toEqual(['A', 'A', 'B', 'A']);
  expect(policy.stats().calls).toBe(4);
});

it('a bare execute is refused where the key wants arguments: it would share across keys', async () => {
  const { policy } = setUp({ key: (id: number) => `row ${id}` });
  await expect(policy.execute(() => 1)).rejects.toThrow(
    '"reads": key takes arguments and execute has none; use for(key).execute(…)',
  );
});

it('reads the key in the caller’s AsyncLocalStorage, through a pipeline', async () => {
  const storage = new AsyncLocalStorage<string>();
  const time = new VirtualClock();
  const policy = compose(
    timeout({ ms: 100, ...time.time }),
    coalesce({ key: () => storage.getStore(), ...time.time }),
  );
  let calls = 0;
  const run = (tenant: string) =>
    storage.run(tenant, () =>
      policy.execute(async () => {
        calls++;
        await settle();
        return storage.getStore();
      }),
    );
  expect(await Promise.all([run('A'), run('B'), run('A')])).toEqual(['A', 'B', 'A']);
  expect(calls).toBe(2);
});

it('each caller goes on in its own AsyncLocalStorage', async () => {
  const storage = new AsyncLocalStorage<string>();
  const { policy } = setUp();
  const run = (tenant: string) =>
    storage.run(tenant, async () => {
      const ran = await policy.execute(async () => {
        await settle();
        return storage.getStore();
      });
      return [ran, storage.getStore()];
    });
  expect(await Promise.all([run('A'), run('B')])).toEqual([
    ['A', 'A'],
    ['A', 'B'],
  ]);
});

it('undefined as key, or a key that throws, makes the call its own', async () => {
  for (const key of [
    () => undefined,
    () => {
      throw new Error('mine');
    },
  ]) {
    const { policy, flights, task } = setUp({ key });
    outcomeOf(policy.execute(task));
    outcomeOf(policy.execute(task));
    await settle();
    expect(flights).toHaveLength(2);
    for (const { gate } of flights) gate.resolve(1);
  }
  const { policy, flights, task } = setUp();
  outcomeOf(policy.for(undefined).execute(task));
  outcomeOf(policy.for(undefined).execute(task));
  expect(flights).toHaveLength(2);
});

it('each caller has its own deadline, and the shared call has none of them', async () => {
  const { time, policy } = setUp();
  let seen: unknown[] = [];
  let aborted: unknown;
  const task = ({ signal }: { signal: AbortSignal }) => {
    seen = [remainingMs(), toDeadlineHeader()];
    signal.addEventListener('abort', () => {
      aborted = signal.reason;
    });
    return new Promise(() => {});
  };
  const call = (ms: number) =>
    outcomeOf(withDeadline(ms, () => policy.execute(task), { name: `${ms}`, ...time.time }));
  const [short, long] = [call(50), call(200)];
  await time.advance(50);
  expect(seen).toEqual([Number.POSITIVE_INFINITY, undefined]);
  expect([short.status, long.status, aborted]).toEqual(['rejected', 'pending', undefined]);
  expect(policy.snapshot().waiting).toBe(1);
  await time.advance(150);
  expect(long.error).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(aborted).toMatchObject({ code: 'DEADLINE_EXCEEDED', policy: 'reads' });
  expect([policy.snapshot().inFlight, time.pending]).toEqual([0, 0]);
});

it('emits who joined, and a listener that throws does not touch the call', async () => {
  const { policy, flights, task } = setUp();
  const events: unknown[] = [];
  policy.on('coalesce', (event) => {
    events.push(event);
    throw new Error('mine');
  });
  const outcomes = [1, 2].map(() => outcomeOf(policy.execute(task)));
  flights[0]!.gate.resolve('x');
  await settle();
  expect(outcomes.map(({ value }) => value)).toEqual(['x', 'x']);
  expect(events).toEqual([{ policy: 'reads', key: 'same', waiting: 2 }]);
});

it('refuses options that make no sense', () => {
  expect(() => coalesce({} as never)).toThrow('key must be a function, got undefined');
  expect(() => coalesce({ key: 'id' } as never)).toThrow('key must be a function, got "id"');
  expect(() => coalesce({ key: () => 1, ttl: 5 } as never)).toThrow('coalesce has no option "ttl"');
});

type Step = { do: 'call' | 'settle' | 'fail'; key: number } | { do: 'abort'; which: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('call' as const, 'settle' as const, 'fail' as const), key: fc.nat(2) }),
  fc.record({ do: fc.constant('abort' as const), which: fc.nat(40) }),
);

it('at most one call per key is under way, and everybody gets the answer of the call they joined', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { policy } = setUp();
      const live = new Map<number, { id: number; gate: PromiseWithResolvers<unknown>; waiting: number }>();
      const callers: {
        abort: AbortController;
        outcome: { status: string };
        expected: unknown;
        key: number;
      }[] = [];
      let begun = 0;
      for (const each of steps) {
        if (each.do === 'call') {
          const { key } = each;
          const abort = new AbortController();
          const outcome = outcomeOf(
            policy.for(key).execute(({ signal }) => {
              const flight = { id: ++begun, gate: deferred<unknown>(), waiting: 0 };
              expect(live.has(key)).toBe(false);
              live.set(key, flight);
              signal.addEventListener('abort', () => live.delete(key));
              return flight.gate.promise;
            }, abort.signal),
          );
          const flight = live.get(key)!;
          flight.waiting++;
          callers.push({ abort, outcome, expected: flight.id, key });
        } else if (each.do === 'abort') {
          const caller = callers[each.which % Math.max(1, callers.length)];
          if (caller?.outcome.status !== 'pending') continue;
          const flight = live.get(caller.key)!;
          caller.abort.abort('gone');
          caller.expected = 'gone';
          flight.waiting--;
          await settle();
          expect(live.has(caller.key)).toBe(flight.waiting > 0);
        } else {
          const flight = live.get(each.key);
          live.delete(each.key);
          if (each.do === 'settle') flight?.gate.resolve(flight.id);
          else flight?.gate.reject(flight.id);
        }
        await settle();
        expect(policy.snapshot()).toMatchObject({
          inFlight: live.size,
          waiting: [...live.values()].reduce((sum, { waiting }) => sum + waiting, 0),
        });
      }
      for (const { outcome, expected } of callers as {
        outcome: ReturnType<typeof outcomeOf>;
        expected: unknown;
      }[])
        if (outcome.status !== 'pending') expect(outcome.value ?? outcome.error).toBe(expected);
    }),
    { numRuns: 200 },
  );
}, 30_000);
