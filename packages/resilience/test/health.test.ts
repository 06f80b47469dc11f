import { describe, expect, it } from '@jest/globals';
import {
  circuitBreaker,
  HealthRegistry,
  type HealthStatus,
  healthRegistry,
  pipeline,
  retry,
} from '../src/index.ts';
import { deferred, outcomeOf, VirtualClock } from './virtual-clock.ts';

const setUp = () => {
  const time = new VirtualClock();
  return { time, registry: new HealthRegistry({ ...time.time, now: () => 1_700_000_000_000 + time.now }) };
};

describe('HealthRegistry', () => {
  it('reports each check by name', async () => {
    const { registry } = setUp();
    registry.register('store', () => true);
    registry.register('cache', async () => ({ status: 'degraded', message: 'one replica' }), {
      critical: false,
    });
    const at = '2023-11-14T22:13:20.000Z';
    expect(await registry.report()).toEqual({
      status: 'degraded',
      checkedAt: at,
      checks: {
        store: { status: 'up', critical: true, latencyMs: 0, checkedAt: at, since: at },
        cache: {
          status: 'degraded',
          message: 'one replica',
          critical: false,
          latencyMs: 0,
          checkedAt: at,
          since: at,
        },
      },
    });
  });

  it('rounds latencyMs to three places', async () => {
    const times = [0.1, 0.1 + 1.23456789];
    const registry = new HealthRegistry({ clock: () => times.shift() ?? 2 });
    registry.register('store', () => true);
    expect((await registry.report()).checks.store?.latencyMs).toBe(1.235);
  });

  it.each<[[HealthStatus, boolean][], HealthStatus]>([
    [[], 'unknown'],
    [[['unknown', true]], 'unknown'],
    [
      [
        ['up', true],
        ['unknown', true],
      ],
      'up',
    ],
    [
      [
        ['up', true],
        ['up', false],
      ],
      'up',
    ],
    [
      [
        ['up', true],
        ['down', false],
      ],
      'degraded',
    ],
    [
      [
        ['up', true],
        ['degraded', true],
      ],
      'degraded',
    ],
    [
      [
        ['up', true],
        ['degraded', false],
      ],
      'degraded',
    ],
    [
      [
        ['up', true],
        ['down', true],
      ],
      'down',
    ],
    [[['down', false]], 'degraded'],
  ])('%j is %s as a whole', async (checks, whole) => {
    const { registry } = setUp();
    for (const [at, [status, critical]] of checks.entries())
      registry.register(`c${at}`, () => status, { critical });
    expect((await registry.report()).status).toBe(whole);
  });

  it('takes a breaker or a pipeline for a check', async () => {
    const { time, registry } = setUp();
    const breaker = circuitBreaker({ failureThreshold: 1, openMs: 100, clock: time.clock });
    registry.register('db', breaker);
    registry.register('same', pipeline({ circuitBreaker: breaker }), { critical: false });
    const seen: unknown[] = [];
    const look = async () => {
      const { status, checks } = await registry.report();
      seen.push([status, checks['db']?.status, checks['same']?.status]);
    };
    await look();
    await breaker.execute(() => 'ok');
    await look();
    await breaker.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    await look();
    time.now = 100;
    await look();
    breaker.isolate();
    await look();
    expect(seen).toEqual([
      ['unknown', 'unknown', 'unknown'],
      ['up', 'up', 'unknown'],
      ['down', 'down', 'down'],
      ['degraded', 'degraded', 'degraded'],
      ['down', 'down', 'down'],
    ]);
  });

  it('does not let a hanging check hold up the others, and aborts its signal', async () => {
    const { time, registry } = setUp();
    let signal: AbortSignal | undefined;
    registry.register('hangs', (given) => {
      signal = given;
      return new Promise(() => {});
    });
    registry.register('fine', () => undefined);
    const outcome = outcomeOf(registry.report());
    await time.advance(1_000);
    expect(outcome.value).toMatchObject({
      status: 'down',
      checks: {
        hangs: { status: 'down', message: 'no answer within 1000 ms', latencyMs: 1_000 },
        fine: { status: 'up' },
      },
    });
    expect(signal?.aborted).toBe(true);
    expect(time.pending).toBe(0);
  });

  it.each([
    [
      Object.assign(new Error('postgres://user:secret@host'), { code: 'ECONNREFUSED' }),
      'check failed: ECONNREFUSED',
    ],
    [new TypeError('secret'), 'check failed: TypeError'],
    [Object.assign(new Error('x'), { code: 'has secret', name: 'p w' }), 'check failed: unknown error'],
    [undefined, 'check failed: unknown error'],
  ])('is down with a message that gives nothing away when a check throws (%#)', async (error, message) => {
    const { registry } = setUp();
    registry.register('sync', () => {
      throw error;
    });
    registry.register('async', () => Promise.reject(error));
    const { checks } = await registry.report();
    expect([checks['sync'], checks['async']]).toMatchObject([
      { status: 'down', message },
      { status: 'down', message },
    ]);
  });

  it('uses a result again for cacheMs, and runs a check once for reports at the same time', async () => {
    const { time, registry } = setUp();
    let runs = 0;
    const gate = deferred<boolean>();
    registry.register(
      'db',
      () => {
        runs++;
        return gate.promise;
      },
      { cacheMs: 500 },
    );
    const both = [registry.report(), registry.report()];
    gate.resolve(true);
    await Promise.all(both);
    time.now = 499;
    await registry.report();
    expect(runs).toBe(1);
    time.now = 500;
    await registry.report();
    expect(runs).toBe(2);
  });

  it('validates names, sources and options, and refuses a name twice', () => {
    const { registry } = setUp();
    registry.register('db', () => true);
    expect(() => registry.register('db', () => true)).toThrow(
      'name "db" is registered already; unregister it first',
    );
    for (const name of ['', ' db', 'a b', '__proto__', 'x'.repeat(101)])
      expect(() => registry.register(name, () => true)).toThrow('name must be 1 to 100 letters');
    expect(() => registry.register('x', retry() as never)).toThrow(
      'the source of "x" must be a function, a circuit',
    );
    expect(() => registry.register('x', 5 as never)).toThrow(
      'the source of "x" must be a function, a circuit',
    );
    expect(() => registry.register('x', () => true, { timeoutMs: 0 })).toThrow('timeoutMs must be');
    expect([registry.unregister('db'), registry.unregister('db')]).toEqual([true, false]);
  });

  it('calls an answer that is no status unknown', async () => {
    const { registry } = setUp();
    registry.register('odd', () => ({ status: 'great' }));
    registry.register('no', () => false);
    expect((await registry.report()).checks).toMatchObject({
      odd: { status: 'unknown', message: 'the check gave no status' },
      no: { status: 'down' },
    });
  });

  it('comes with a ready registry', () => {
    expect(healthRegistry).toBeInstanceOf(HealthRegistry);
  });
});
