import { describe, expect, it } from '@jest/globals';
import { type CircuitBreakerOptions, circuitBreaker, circuitBreakers } from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = (options: CircuitBreakerOptions = {}) => {
  const time = new VirtualClock();
  const breaker = circuitBreaker({ name: 'db', openMs: 1_000, clock: time.clock, ...options });
  const fail = (error: unknown = new Error('down')) =>
    breaker.execute(() => Promise.reject(error)).catch((error: unknown) => error);
  const succeed = () => breaker.execute(() => 'ok');
  const takes = (ms: number) =>
    breaker.execute(async () => {
      time.now += ms;
    });
  return { time, breaker, fail, succeed, takes };
};

describe('slow calls', () => {
  it('opens when enough calls were slow, though none failed', async () => {
    const { breaker, takes } = setUp({
      window: { type: 'count', size: 4, slowCallMs: 100, slowCallRate: 0.5 },
    });
    for (const ms of [99, 100, 5]) await takes(ms);
    expect(breaker.snapshot()).toMatchObject({ window: { calls: 3, failures: 0, slow: 1 } });
    await takes(500);
    expect(breaker.state).toBe('open');
  });

  it('forgets slow calls that have left the window', async () => {
    for (const kind of [{ type: 'count', size: 2 } as const, { type: 'time', sizeMs: 1_000 } as const]) {
      const { breaker, takes, time } = setUp({ window: { ...kind, minimumCalls: 2, slowCallMs: 10 } });
      await takes(10);
      if (kind.type === 'time') time.now += 2_000;
      await takes(1);
      await takes(1);
      expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { slow: 0 } });
    }
  });

  it('takes a slow probe for a failed one', async () => {
    const { breaker, takes, time } = setUp({ window: { type: 'count', size: 1, slowCallMs: 100 } });
    await takes(100);
    time.now += 1_000;
    await takes(100);
    expect(breaker.state).toBe('open');
    time.now += 1_000;
    await takes(99);
    expect(breaker.state).toBe('closed');
  });
});

describe('half-open by rate', () => {
  const halfOpen = async () => {
    const made = setUp({ failureThreshold: 1, halfOpenProbes: 4, halfOpenSuccessRate: 0.5 });
    await made.fail();
    made.time.now = 1_000;
    return made;
  };

  it('closes once the share of successes is reached, whatever failed before', async () => {
    const { breaker, fail, succeed } = await halfOpen();
    await fail();
    await fail();
    await succeed();
    expect(breaker.state).toBe('half-open');
    await succeed();
    expect(breaker.state).toBe('closed');
  });

  it('opens once the share cannot be reached any more', async () => {
    const { breaker, fail, succeed } = await halfOpen();
    await succeed();
    await fail();
    await fail();
    expect(breaker.state).toBe('half-open');
    await fail();
    expect(breaker.state).toBe('open');
  });

  it('lets no more than the probes through', async () => {
    const { breaker } = await halfOpen();
    const calls = Array.from({ length: 9 }, () => outcomeOf(breaker.execute(() => new Promise(() => {}))));
    await settle();
    expect(calls.filter(({ status }) => status === 'pending')).toHaveLength(4);
  });
});

describe('Retry-After', () => {
  const busy = (retryAfterMs: number) => Object.assign(new Error('busy'), { retryAfterMs });

  it('makes the break as long as the dependency asked for, up to the cap', async () => {
    const { breaker, fail, time } = setUp({ failureThreshold: 1, maxRetryAfterMs: 60_000 });
    await fail(busy(5_000));
    expect(breaker.explain().retryAfterMs).toBe(5_000);
    time.now += 5_000;
    await fail(busy(1e9));
    expect(breaker.explain().retryAfterMs).toBe(60_000);
    time.now += 60_000;
    await fail(busy(10));
    expect(breaker.explain().retryAfterMs).toBe(1_000);
  });

  it('opens the circuit by itself where that is wanted, and does nothing where it is to be ignored', async () => {
    const eager = setUp({ retryAfter: 'open' });
    await eager.fail(busy(5_000));
    expect(eager.breaker.snapshot()).toMatchObject({ state: 'open', retryAfterMs: 5_000 });
    const deaf = setUp({ failureThreshold: 1, retryAfter: 'ignore' });
    await deaf.fail(busy(5_000));
    expect(deaf.breaker.explain().retryAfterMs).toBe(1_000);
  });
});

describe('modes', () => {
  it('counts and never opens in metrics-only', async () => {
    const { breaker, fail } = setUp({ failureThreshold: 2, mode: 'metrics-only' });
    for (let call = 0; call < 5; call++) await fail();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { failures: 5 } });
  });

  it('counts nothing while disabled', async () => {
    const { breaker, fail } = setUp({ failureThreshold: 2, mode: 'disabled' });
    for (let call = 0; call < 5; call++) await fail();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { failures: 0 } });
    breaker.mode = 'enabled';
    await fail();
    expect(breaker.state).toBe('closed');
    await fail();
    expect(breaker.state).toBe('open');
  });

  it('closes an open circuit that is no longer to open', async () => {
    const { breaker, fail, succeed } = setUp({ failureThreshold: 1 });
    const states: string[] = [];
    breaker.on('state', ({ from, to }) => states.push(`${from} > ${to}`));
    await fail();
    breaker.mode = 'disabled';
    await expect(succeed()).resolves.toBe('ok');
    expect(states).toEqual(['closed > open', 'open > closed']);
    expect(breaker.restore({ state: 'open', name: 'x', retryAfterMs: 9, openings: 1 })).toBe(undefined);
    expect(breaker.state).toBe('closed');
  });

  it('is isolated by hand whatever its mode', async () => {
    const { breaker, succeed } = setUp({ mode: 'disabled' });
    const held = breaker.isolate();
    await expect(succeed()).rejects.toMatchObject({ code: 'CIRCUIT_ISOLATED' });
    held.dispose();
    await expect(succeed()).resolves.toBe('ok');
  });

  it('knows no other', () => {
    const { breaker } = setUp();
    expect(() => {
      breaker.mode = 'off' as never;
    }).toThrow('mode must be one of enabled, metrics-only, disabled, got "off"');
  });
});

describe('ramp-up', () => {
  it('lets a growing share of calls through after closing', async () => {
    let dice = 0;
    const { breaker, fail, succeed, time } = setUp({
      failureThreshold: 1,
      rampUpMs: 1_000,
      random: () => dice,
    });
    await fail();
    time.now = 1_000;
    await succeed();
    expect(breaker.state).toBe('closed');
    const admits = async (value: number) => {
      dice = value;
      return succeed().then(
        () => true,
        () => false,
      );
    };
    expect([await admits(0.09), await admits(0.11)]).toEqual([true, false]);
    time.now = 1_500;
    expect([await admits(0.54), await admits(0.56)]).toEqual([true, false]);
    expect(breaker.explain().lastRejection).toEqual({ reason: 'ramp-up', agoMs: 0 });
    time.now = 2_000;
    expect(await admits(0.999)).toBe(true);
    expect(breaker.stats()).toMatchObject({ rejections: 2 });
  });
});

describe('explain, snapshot and restore', () => {
  it('tells why a call was rejected and when the next may be made', async () => {
    const { breaker, fail, succeed, time } = setUp({ failureThreshold: 1 });
    const error = new Error('down');
    await fail(error);
    time.now = 100;
    await succeed().catch(() => {});
    time.now = 400;
    expect(breaker.explain()).toEqual({
      state: 'open',
      mode: 'enabled',
      text: 'open: no call is let through; a probe may go in 600 ms',
      retryAfterMs: 600,
      openings: 1,
      window: undefined,
      lastError: error,
      lastRejection: { reason: 'open', agoMs: 300 },
    });
  });

  it('takes up a state after a restart, less the time that has passed', async () => {
    const before = setUp({ failureThreshold: 1 });
    await before.fail();
    const saved = JSON.parse(JSON.stringify(before.breaker.snapshot()));
    const { breaker, time } = setUp({ failureThreshold: 1 });
    expect(breaker.restore(saved, 400)).toBeUndefined();
    expect(breaker.snapshot()).toMatchObject({ state: 'open', retryAfterMs: 600, openings: 1 });
    time.now = 600;
    expect(breaker.state).toBe('half-open');
    const long = setUp({ failureThreshold: 1 });
    long.breaker.restore(saved, 5_000);
    expect(long.breaker.state).toBe('half-open');
    long.breaker.restore({ state: 'closed', name: 'db', window: undefined });
    expect(long.breaker.state).toBe('closed');
  });

  it('gives the handle of an isolation that was restored', () => {
    const { breaker } = setUp();
    const handle = breaker.restore({ state: 'isolated', name: 'db', holders: 3 });
    expect(breaker.state).toBe('isolated');
    handle?.dispose();
    expect(breaker.state).toBe('closed');
  });

  it.each<[unknown, string]>([
    [undefined, 'snapshot must have a state of a circuit, got undefined'],
    [{ state: 'ajar' }, 'snapshot must have a state of a circuit, got an object'],
    [
      { state: 'open', openings: 1 },
      'snapshot.retryAfterMs must be a number of milliseconds >= 0, got undefined',
    ],
    [{ state: 'half-open', openings: -1 }, 'snapshot.openings must be an integer >= 0, got -1'],
  ])('refuses to restore %j', (saved, message) => {
    expect(() => setUp().breaker.restore(saved as never)).toThrow(message);
  });
});

describe('configure', () => {
  it('changes settings, keeps the state, and lets running calls keep theirs', async () => {
    const { breaker, fail } = setUp({ failureThreshold: 3 });
    await fail();
    const running = deferred<never>();
    outcomeOf(breaker.execute(() => running.promise));
    breaker.configure({ isFailure: () => false });
    await fail();
    expect(breaker.snapshot()).toMatchObject({ window: { failures: 0 } });
    running.reject(new Error('judged as when it began'));
    await settle();
    expect(breaker.snapshot()).toMatchObject({ window: { failures: 1 } });
  });

  it('begins the evidence anew with a new way to count', async () => {
    const { breaker, fail } = setUp({ failureThreshold: 3 });
    await fail();
    await fail();
    breaker.configure({ window: { type: 'count', size: 2 } });
    await fail();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { calls: 1, failures: 1 } });
    await fail();
    expect(breaker.state).toBe('open');
  });

  it('refuses as at construction, and then changes nothing', async () => {
    const { breaker, fail } = setUp({ failureThreshold: 2 });
    expect(() => breaker.configure({ openMs: 5, failureThreshold: 0 })).toThrow('failureThreshold must be');
    expect(() => breaker.configure({ name: 'x' } as never)).toThrow('configure has no option "name"');
    await fail();
    await fail();
    expect(breaker.explain().retryAfterMs).toBe(1_000);
  });
});

describe('circuitBreakers', () => {
  const keyed = (options = {}) => {
    const time = new VirtualClock();
    const breakers = circuitBreakers({
      name: 'hosts',
      failureThreshold: 1,
      openMs: 10_000,
      max: 3,
      idleMs: 1_000,
      clock: time.clock,
      ...options,
    });
    const fail = (key: string) =>
      breakers.execute(key, () => Promise.reject(new Error('down'))).catch(() => {});
    return { time, breakers, fail };
  };

  it('keeps the circuits of keys apart', async () => {
    const { breakers, fail } = keyed();
    await fail('a');
    await expect(breakers.execute('b', () => 'ok')).resolves.toBe('ok');
    await expect(breakers.execute('a', () => 'ok')).rejects.toMatchObject({ policy: 'hosts:a' });
    expect(Object.entries(breakers.snapshot()).map(([key, { state }]) => [key, state])).toEqual([
      ['b', 'closed'],
      ['a', 'open'],
    ]);
  });

  it('keeps no more than max, and gives up closed ones first', async () => {
    const { breakers, fail } = keyed();
    await fail('down');
    for (let key = 0; key < 1_000; key++) breakers.for(`key-${key}`);
    expect(breakers.size).toBe(3);
    expect(breakers.for('down').state).toBe('open');
    for (const key of ['x', 'y', 'z']) await fail(key);
    expect(breakers.size).toBe(3);
  });

  it('forgets idle ones, but not what it knows of a dependency that is down', async () => {
    const { breakers, fail, time } = keyed();
    await fail('down');
    const quiet = breakers.for('quiet');
    time.now = 1_000;
    breakers.for('new');
    expect(breakers.size).toBe(2);
    expect(breakers.for('quiet')).not.toBe(quiet);
    expect(breakers.for('down').state).toBe('open');
  });

  it('tells the events of every key, also of those to come, until it is told not to', async () => {
    const { breakers, fail } = keyed();
    await fail('a');
    const heard: string[] = [];
    const stop = breakers.on('state', ({ policy, to }) => heard.push(`${policy} ${to}`));
    breakers.for('a').isolate().dispose();
    await fail('b');
    stop();
    await fail('c');
    expect(heard).toEqual(['hosts:a isolated', 'hosts:a closed', 'hosts:b open']);
    expect(() => breakers.on('retry' as never, () => {})).toThrow('"hosts" has no event "retry"');
  });

  it('tells that the circuit closes when an open one has to make room', async () => {
    const { breakers, fail } = keyed();
    const heard: string[] = [];
    breakers.on('state', ({ policy, to }) => heard.push(`${policy} ${to}`));
    for (const key of ['a', 'b', 'c', 'd']) await fail(key);
    expect(heard).toEqual(['hosts:a open', 'hosts:b open', 'hosts:c open', 'hosts:a closed', 'hosts:d open']);
  });

  it('gives up one that is isolated by hand last', async () => {
    const { breakers, fail } = keyed();
    breakers.for('held').isolate();
    for (const key of ['a', 'b', 'c', 'd']) await fail(key);
    expect(Object.keys(breakers.snapshot())).toEqual(['held', 'c', 'd']);
  });

  it('counts the calls of all keys, of forgotten ones too', async () => {
    const { breakers, fail } = keyed();
    for (const key of ['a', 'b', 'c', 'd', 'd']) await fail(key);
    await breakers.execute('e', () => 1);
    expect(breakers.size).toBe(3);
    expect(breakers.stats()).toMatchObject({ calls: 6, successes: 1, failures: 4, rejections: 1 });
  });

  it('checks its options at once', () => {
    expect(() => circuitBreakers({ breaker: {} } as never)).toThrow(
      'circuitBreakers has no option "breaker"',
    );
    expect(() => circuitBreakers({ max: 0 })).toThrow('max must be an integer >= 1, got 0');
    expect(() => circuitBreakers({ idleMs: 0 })).toThrow('idleMs must be a number of milliseconds > 0');
    expect(() => circuitBreakers({ openMs: -1 })).toThrow('openMs must be');
    expect(() => circuitBreakers({ keys: 1 } as never)).toThrow(
      'circuitBreakers has no option "keys"; it knows name, failureThreshold',
    );
    expect(() => circuitBreakers().for(5 as never)).toThrow('key must be a string, got 5');
  });
});
