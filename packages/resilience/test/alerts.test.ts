import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from '@jest/globals';
import { type AlertNotice, alerts } from '../src/alerts.ts';
import { circuitBreaker, circuitBreakers, pipeline } from '../src/index.ts';
import { StagedCircuit, short, staged } from './alert-doubles.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

const refused = Object.assign(new Error('connect postgres://user:secret@db'), { code: 'ECONNREFUSED' });

it('tells once that a circuit opened, and once that it closed, with how long that took', async () => {
  const { time, circuits, got } = staged(['db'], { labels: { service: 'shop' } });
  const [db] = circuits;
  db!.go('open', refused);
  for (let probe = 0; probe < 5; probe++) {
    await time.advance(30_000);
    db!.go('half-open');
    db!.go('open', refused);
  }
  await time.advance(5_000);
  db!.go('half-open');
  db!.go('closed');
  await settle();
  expect(got).toEqual([
    {
      type: 'opened',
      id: expect.any(String),
      alertId: expect.any(String),
      at: '2023-11-14T22:13:20.000Z',
      openedAt: '2023-11-14T22:13:20.000Z',
      policy: 'db',
      kind: 'open',
      severity: 'critical',
      state: 'open',
      code: 'ECONNREFUSED',
      text: 'Circuit "db" is open (ECONNREFUSED)',
      openMs: 0,
      reopenings: 0,
      transitions: 1,
      suppressed: 0,
      labels: { service: 'shop' },
    },
    expect.objectContaining({
      type: 'resolved',
      openedAt: '2023-11-14T22:13:20.000Z',
      at: '2023-11-14T22:15:55.000Z',
      state: 'closed',
      openMs: 155_000,
      reopenings: 5,
      text: 'Circuit "db" is closed after 2 min 35 s',
    }),
  ]);
  expect(new Set(got.map((notice) => 'alertId' in notice && notice.alertId)).size).toBe(1);
  expect(new Set(got.map(({ id }) => id)).size).toBe(2);
  expect(JSON.stringify(got)).not.toContain('secret');
});

it('watches real breakers and pipelines, and hears of a shared breaker once', async () => {
  const time = new VirtualClock();
  const breaker = circuitBreaker({ name: 'db', failureThreshold: 1, openMs: 100, clock: time.clock });
  const texts: string[] = [];
  const watch = alerts({
    ...time.time,
    sources: [breaker, pipeline({ name: 'shop', circuitBreaker: breaker })],
    sinks: [({ text }) => void texts.push(text)],
  });
  await breaker.execute(() => Promise.reject(refused)).catch(() => {});
  await time.advance(100);
  await breaker.execute(() => 'back');
  await watch.flush();
  expect(texts).toEqual(['Circuit "db" is open (ECONNREFUSED)', 'Circuit "db" is closed after 100 ms']);
});

describe('breakers by key', () => {
  const keyed = (options = {}) => {
    const time = new VirtualClock();
    const hosts = circuitBreakers({
      name: 'hosts',
      failureThreshold: 1,
      openMs: 100,
      clock: time.clock,
      ...options,
    });
    const fail = (key: string) => hosts.execute(key, () => Promise.reject(refused)).catch(() => {});
    const got: AlertNotice[] = [];
    const watch = alerts({ ...time.time, coolDownMs: 1_000, sinks: [(notice) => void got.push(notice)] });
    return { time, hosts, fail, got, watch };
  };

  it('are one source, with an alert for each circuit', async () => {
    const { time, hosts, fail, got, watch } = keyed();
    await fail('a');
    watch.watch(hosts);
    await fail('b');
    await time.advance(100);
    await hosts.execute('a', () => 'back');
    await settle();
    expect(short(got)).toEqual(['opened hosts:a', 'opened hosts:b', 'resolved hosts:a']);
    expect(watch.snapshot().active).toMatchObject([{ policy: 'hosts:b' }]);
  });

  it('an alert ends when its circuit is forgotten, and all end with the watch', async () => {
    const { hosts, fail, got, watch } = keyed({ max: 2 });
    const end = watch.watch(hosts);
    for (const key of ['a', 'b', 'c']) await fail(key);
    await settle();
    expect(short(got)).toEqual(['opened hosts:a', 'opened hosts:b', 'resolved hosts:a', 'opened hosts:c']);
    end();
    await fail('d');
    await settle();
    expect(short(got).slice(4)).toEqual(['resolved hosts:b', 'resolved hosts:c']);
  });

  it('holds back one soon after a resolve, however many other keys come meanwhile', async () => {
    const { time, hosts, fail, got, watch } = keyed({ max: 10 });
    watch.watch(hosts);
    await fail('a');
    await time.advance(100);
    await hosts.execute('a', () => 'back');
    await fail('b');
    await fail('a');
    await time.advance(100);
    await hosts.execute('a', () => 'back');
    await settle();
    expect(short(got)).toEqual(['opened hosts:a', 'resolved hosts:a', 'opened hosts:b']);
    expect(watch.snapshot().heldBack).toBe(1);
  });

  it('leaves no timer when closed', async () => {
    const { time, hosts, fail, watch } = keyed();
    watch.watch(hosts);
    await fail('a');
    hosts.for('a').isolate().dispose();
    await fail('a');
    expect(time.pending).toBe(1);
    await watch.close();
    expect(time.pending).toBe(0);
  });
});

it('gives an alert at once for a circuit that is open already', async () => {
  const { watch, got } = staged([]);
  const db = new StagedCircuit();
  db.state = 'isolated';
  watch.watch(db);
  await settle();
  expect(got).toMatchObject([{ type: 'opened', state: 'isolated', severity: 'warning' }]);
});

it('resolves the alert of a circuit that is watched no longer, when its last watcher ends', async () => {
  const { circuits, watch, got } = staged();
  const stop = watch.watch(circuits[0]!);
  circuits[0]!.go('open');
  stop();
  stop();
  await settle();
  expect(short(got)).toEqual(['opened db']);
  const { watch: other, got: heard } = staged([]);
  const own = new StagedCircuit();
  const end = other.watch(own);
  own.go('open');
  end();
  own.go('closed');
  await settle();
  expect(short(heard)).toEqual(['opened db', 'resolved db']);
  expect(own.listeners.size).toBe(0);
});

it('does not hold a breaker that was switched off for ill', async () => {
  const { circuits, got } = staged();
  circuits[0]!.go('disabled' as never);
  await settle();
  expect(got).toEqual([]);
});

describe('cool-down', () => {
  it('holds back an opening soon after a resolve, and never tells of it when it closes in time', async () => {
    const { time, circuits, watch, got } = staged(['db'], { coolDownMs: 60_000 });
    const [db] = circuits;
    db!.go('open');
    db!.go('closed');
    await time.advance(59_000);
    db!.go('open');
    db!.go('closed');
    await time.advance(300_000);
    expect(short(got)).toEqual(['opened db', 'resolved db']);
    expect(watch.snapshot()).toMatchObject({ active: [], heldBack: 1 });
    expect(time.pending).toBe(0);
  });

  it('does not give the error of an opening held back to a later one', async () => {
    const { time, circuits, got } = staged(['db'], { coolDownMs: 60_000 });
    const [db] = circuits;
    db!.go('open');
    db!.go('closed');
    db!.go('open', refused);
    db!.go('closed');
    await time.advance(60_000);
    db!.go('isolated');
    await settle();
    expect(got[2]).toMatchObject({ type: 'opened', text: 'Circuit "db" is isolated' });
  });

  it('tells at its end of a circuit that is still open, with the time it opened', async () => {
    const { time, circuits, got } = staged(['db'], { coolDownMs: 60_000 });
    const [db] = circuits;
    db!.go('open');
    db!.go('closed');
    await time.advance(20_000);
    db!.go('open');
    await time.advance(39_999);
    expect(got).toHaveLength(2);
    await time.advance(1);
    expect(got[2]).toMatchObject({ type: 'opened', openedAt: '2023-11-14T22:13:40.000Z', openMs: 40_000 });
  });
});

describe('flapping', () => {
  const flap = { transitions: 4, windowMs: 100_000, quietMs: 50_000 };

  it('makes one alert of a circuit that opens and closes in turn, and tells when that is over', async () => {
    const { time, circuits, got } = staged(['db'], { flap, coolDownMs: 0 });
    const [db] = circuits;
    for (let turn = 0; turn < 10; turn++) {
      db!.go('open', refused);
      await time.advance(1_000);
      db!.go('closed');
      await time.advance(1_000);
    }
    expect(short(got)).toEqual(['opened db', 'resolved db', 'opened db', 'flapping db']);
    expect(got[3]).toMatchObject({
      kind: 'flapping',
      severity: 'warning',
      transitions: 4,
      text: 'Circuit "db" is flapping (ECONNREFUSED): 4 changes',
    });
    await time.advance(48_999);
    expect(got).toHaveLength(4);
    await time.advance(1);
    expect(got[4]).toMatchObject({ type: 'resolved', kind: 'flapping', transitions: 20 });
    expect((got[4] as { alertId: string }).alertId).toBe((got[2] as { alertId: string }).alertId);
    expect(time.pending).toBe(0);
  });

  it('goes on as an outage when the flapping stops with the circuit open', async () => {
    const { time, circuits, watch, got } = staged(['db'], { flap, coolDownMs: 0 });
    const [db] = circuits;
    for (const state of ['open', 'closed', 'open', 'closed', 'open'] as const) db!.go(state);
    await time.advance(50_000);
    expect(short(got).slice(3)).toEqual(['flapping db', 'steady db']);
    expect(watch.snapshot().active).toMatchObject([{ kind: 'open', severity: 'critical', openMs: 50_000 }]);
    db!.go('closed');
    await settle();
    expect(short(got).slice(5)).toEqual(['resolved db']);
  });

  it('does not take failing probes for flapping', async () => {
    const { time, circuits, got } = staged(['db'], { flap });
    const [db] = circuits;
    db!.go('open');
    for (let probe = 0; probe < 20; probe++) {
      await time.advance(1_000);
      db!.go('half-open');
      db!.go('open');
    }
    expect(short(got)).toEqual(['opened db']);
  });

  it('sees what the cool-down holds back', async () => {
    const { time, circuits, got } = staged(['db'], { flap, coolDownMs: 90_000 });
    const [db] = circuits;
    for (const state of ['open', 'closed', 'open', 'closed'] as const) {
      db!.go(state);
      await time.advance(1_000);
    }
    expect(short(got)).toEqual(['opened db', 'resolved db', 'flapping db']);
  });

  it('forgets changes that are older than the window', async () => {
    const { time, circuits, got } = staged(['db'], { flap, coolDownMs: 0 });
    for (let turn = 0; turn < 6; turn++) {
      circuits[0]!.go('open');
      await time.advance(40_000);
      circuits[0]!.go('closed');
      await time.advance(40_000);
    }
    expect(short(got)).not.toContain('flapping db');
  });

  it('is off when told so', async () => {
    const { circuits, got } = staged(['db'], { flap: false, coolDownMs: 0, rateLimit: false });
    for (let turn = 0; turn < 50; turn++) {
      circuits[0]!.go('open');
      circuits[0]!.go('closed');
    }
    await settle();
    expect(got).toHaveLength(100);
  });
});

describe('rate limit', () => {
  const names = Array.from({ length: 30 }, (_, at) => `db-${at}`);

  it('lets so many through, counts the rest, and tells of them with the next notice', async () => {
    const { circuits, watch, got } = staged(names, { rateLimit: { max: 3, perMs: 10_000 } });
    for (const each of circuits) each.go('open');
    await settle();
    expect(short(got)).toEqual(['opened db-0', 'opened db-1', 'opened db-2']);
    expect(watch.snapshot().suppressed).toBe(27);
    for (const each of circuits) each.go('closed');
    await settle();
    expect(short(got).slice(3)).toEqual(['resolved db-0', 'resolved db-1', 'resolved db-2']);
    expect(got.map(({ suppressed }) => suppressed)).toEqual([0, 0, 0, 27, 0, 0]);
  });

  it('tells of the rest at the end of the interval when nothing else happened', async () => {
    const { time, circuits, got } = staged(names, { rateLimit: { max: 3, perMs: 10_000 } });
    for (const each of circuits) each.go('open');
    await time.advance(10_000);
    expect(got[3]).toMatchObject({
      type: 'suppressed',
      suppressed: 27,
      severity: 'warning',
      text: '27 notices were kept back by the rate limit; 27 alerts that are active were not told',
      policies: names.slice(3, 23),
    });
    await time.advance(100_000);
    expect(got).toHaveLength(4);
    expect(time.pending).toBe(0);
  });

  it('begins anew with each interval', async () => {
    const { time, circuits, got } = staged(names.slice(0, 4), { rateLimit: { max: 2, perMs: 10_000 } });
    circuits[0]!.go('open');
    circuits[1]!.go('open');
    await time.advance(10_000);
    circuits[2]!.go('open');
    circuits[3]!.go('open');
    await settle();
    expect(short(got)).toEqual(['opened db-0', 'opened db-1', 'opened db-2', 'opened db-3']);
  });

  it('begins with opened for who has not heard of the flapping', async () => {
    const { time, circuits, got } = staged(['a', 'b'], {
      rateLimit: { max: 1, perMs: 1_000 },
      flap: { transitions: 3, windowMs: 5_000, quietMs: 2_000 },
      coolDownMs: 0,
    });
    circuits[0]!.go('open');
    for (const state of ['open', 'closed', 'open'] as const) circuits[1]!.go(state);
    await time.advance(3_000);
    expect(short(got)).toEqual(['opened a', 'suppressed', 'opened b']);
  });

  it('never keeps back the end of an alert that was told', async () => {
    const { circuits, got } = staged(['a', 'b'], { rateLimit: { max: 1, perMs: 10_000 } });
    circuits[0]!.go('open');
    circuits[1]!.go('open');
    circuits[1]!.go('closed');
    circuits[0]!.go('closed');
    await settle();
    expect(short(got)).toEqual(['opened a', 'resolved a']);
  });
});

it('tells the sinks in order when a listener changes the circuit in the middle', async () => {
  const { circuits, watch, got } = staged(['db'], { coolDownMs: 0, flap: false });
  let left = 2;
  watch.on('alert', ({ type }) => {
    if (type === 'opened') circuits[0]!.go('closed');
    else if (left-- > 0) circuits[0]!.go('open');
  });
  circuits[0]!.go('open');
  await watch.flush();
  expect(short(got)).toEqual([
    'opened db',
    'resolved db',
    'opened db',
    'resolved db',
    'opened db',
    'resolved db',
  ]);
  expect(watch.snapshot().active).toEqual([]);
});

it('asks severity for each alert, and takes its own for a nonsense answer', async () => {
  const faults: unknown[] = [];
  const hear = (fault: unknown): void => void faults.push(fault);
  subscribe('agent4:resilience:error', hear);
  const { circuits, got } = staged(['a', 'b', 'c'], {
    severity: ({ policy }) => {
      if (policy === 'b') throw refused;
      return policy === 'a' ? 'info' : ('fatal' as never);
    },
  });
  for (const each of circuits) each.go('open');
  await settle();
  unsubscribe('agent4:resilience:error', hear);
  expect(got.map(({ severity }) => severity)).toEqual(['info', 'critical', 'critical']);
  expect(faults).toMatchObject([{ source: 'severity', error: refused }, { source: 'severity' }]);
});

it.each<[object, string]>([
  [{ sinks: [] }, 'sinks must be a list with at least one sink, got an array'],
  [{ sinks: undefined }, 'sinks must be a list with at least one sink, got undefined'],
  [{ sinks: [{}] }, 'send of sink 1 must be a function, got undefined'],
  [{ sinks: [{ send: () => {}, timeout: 5 }] }, 'sink 1 has no option "timeout"'],
  [
    { sinks: [{ send: () => {}, maxQueued: 0 }] },
    'maxQueued of sink "sink-1" must be an integer >= 1, got 0',
  ],
  [
    { sinks: [{ send: () => {}, timeoutMs: 0 }] },
    'timeoutMs of sink "sink-1" must be a number of milliseconds > 0, got 0',
  ],
  [{ sinks: ['a', 'a'].map((name) => ({ name, send: () => {} })) }, 'two sinks are named "a"'],
  [{ sinks: [null] }, 'sink 1 options must be an object, got null'],
  [{ cooldownMs: 5 }, 'alerts has no option "cooldownMs"'],
  [{ coolDownMs: -1 }, 'coolDownMs must be a number of milliseconds >= 0, got -1'],
  [{ coolDownMs: Number.POSITIVE_INFINITY }, 'coolDownMs must be'],
  [{ flap: { transitions: 1 } }, 'flap.transitions must be an integer >= 2, got 1'],
  [{ flap: true }, 'flap options must be an object, got true'],
  [{ rateLimit: { max: 0 } }, 'rateLimit.max must be an integer >= 1, got 0'],
  [{ severity: 'bad' }, 'severity must be one of critical, warning, info, got "bad"'],
  [{ labels: { a: 1 } }, 'labels must be an object of strings'],
  [{ now: 5 }, 'now must be a function, got 5'],
  [{ sources: 5 }, 'sources must be a list of circuit breakers and pipelines, got 5'],
  [
    { sources: [undefined] },
    'a source of alerts must be a circuit breaker, breakers by key, or a pipeline with a breaker, got undefined',
  ],
  [
    { sources: [pipeline({ name: 'p', timeoutMs: 5 })] },
    'must be a circuit breaker, breakers by key, or a pipeline with a breaker, got "p"',
  ],
  [{ sources: [circuitBreaker(), circuitBreaker()] }, 'two circuits are named "circuitBreaker"'],
])('refuses options that make no sense (%#)', (options, message) => {
  expect(() => alerts({ sinks: [() => {}], ...options } as never)).toThrow(message);
});

it('leaves no listener behind when a later source is refused', () => {
  const db = new StagedCircuit();
  expect(() => alerts({ sinks: [() => {}], sources: [db, {} as never] })).toThrow(
    'a source of alerts must be',
  );
  expect(db.listeners.size).toBe(0);
});
