import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, it } from '@jest/globals';
import { type AlertNotice, alerts, logSink } from '../src/alerts.ts';
import { circuitBreaker } from '../src/index.ts';
import { StagedCircuit, staged } from './alert-doubles.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const hang = (): Promise<never> => new Promise(() => {});

it('keeps a sink that throws, rejects or hangs away from the call and from the other sinks', async () => {
  const time = new VirtualClock();
  const db = circuitBreaker({ name: 'db', failureThreshold: 1, clock: time.clock });
  const got: string[] = [];
  const failures: unknown[] = [];
  const watch = alerts({
    ...time.time,
    sources: [db],
    sinks: [
      {
        name: 'throws',
        send: () => {
          throw Object.assign(new Error('token=secret'), { code: 'EPIPE' });
        },
      },
      { name: 'rejects', send: () => Promise.reject(undefined) },
      { name: 'hangs', send: hang, timeoutMs: 50 },
      { name: 'fine', send: ({ type }) => void got.push(type) },
    ],
  });
  watch.on('alert-failure', (failure) => failures.push(failure));
  const error = new Error('down');
  await expect(db.execute(() => Promise.reject(error))).rejects.toBe(error);
  await settle();
  expect(got).toEqual(['opened']);
  await time.advance(50);
  const common = { id: expect.any(String), type: 'opened' };
  expect(failures).toEqual([
    { sink: 'throws', code: 'EPIPE', ...common },
    { sink: 'rejects', code: 'unknown error', ...common },
    { sink: 'hangs', code: 'TimeoutError', ...common },
  ]);
  expect(watch.snapshot().sinks).toMatchObject({
    hangs: { failed: 1, delivered: 0 },
    fine: { delivered: 1 },
  });
  expect(time.pending).toBe(0);
});

it('aborts the signal of a delivery that takes too long, and goes on with the next', async () => {
  const signals: AbortSignal[] = [];
  const send = (_notice: AlertNotice, { signal }: { signal: AbortSignal }): Promise<never> => {
    signals.push(signal);
    return hang();
  };
  const { time, circuits } = staged(['a', 'b'], { sinks: [{ send, timeoutMs: 100 }] });
  for (const each of circuits) each.go('open');
  await settle();
  expect(signals).toHaveLength(1);
  await time.advance(100);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
});

it('drops the oldest of a queue that is full, and counts it', async () => {
  const gate = deferred<void>();
  const got: string[] = [];
  const send = async ({ text }: AlertNotice): Promise<void> => {
    await gate.promise;
    got.push(text);
  };
  const { circuits, watch } = staged(['a', 'b', 'c', 'd'], { sinks: [{ name: 'slow', send, maxQueued: 2 }] });
  const drops: unknown[] = [];
  watch.on('alert-drop', (drop) => drops.push(drop));
  circuits[0]!.go('open');
  await settle();
  for (const each of circuits.slice(1)) each.go('open');
  expect(drops).toEqual([{ sink: 'slow', id: expect.any(String), type: 'opened' }]);
  expect(watch.snapshot().sinks['slow']).toEqual({ queued: 2, delivered: 0, failed: 0, dropped: 1 });
  gate.resolve();
  expect(await watch.flush()).toBe(true);
  expect(got.map((text) => text.slice(9, 10))).toEqual(['a', 'c', 'd']);
});

it('calls sinks off the stack and outside the async context of the call that opened the circuit', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  let calling = false;
  const db = new StagedCircuit();
  const watch = alerts({
    sources: [db],
    sinks: [() => void seen.push(storage.getStore(), calling)],
  });
  storage.run('request 7', () => {
    calling = true;
    db.go('open');
    calling = false;
  });
  await watch.flush();
  expect(seen).toEqual([undefined, false]);
});

it('gives every sink the same frozen notice', async () => {
  const got: AlertNotice[] = [];
  const vandal = (notice: AlertNotice): void => {
    (notice as { text: string }).text = 'all is well';
  };
  const { circuits, watch } = staged(['db'], { sinks: [vandal, (notice) => void got.push(notice)] });
  circuits[0]!.go('open');
  await watch.flush();
  expect(got[0]?.text).toBe('Circuit "db" is open');
  expect(watch.snapshot().sinks['sink-1']).toMatchObject({ failed: 1 });
});

it('publishes its events on the diagnostics channel, and survives listeners that throw', async () => {
  const heard: unknown[] = [];
  const hear = (payload: unknown): void => void heard.push(payload);
  subscribe('agent4:resilience:alert', hear);
  const { circuits, watch, got } = staged();
  watch.on('alert', () => {
    throw new Error('listener');
  });
  watch.on('alert', () => Promise.reject(new Error('listener')));
  circuits[0]!.go('open');
  await settle();
  unsubscribe('agent4:resilience:alert', hear);
  expect(heard).toEqual(got);
  expect(heard).toHaveLength(1);
  expect(() => watch.on('opened' as never, () => {})).toThrow('alerts has no event "opened"');
});

it('flush waits for what is under way, and answers false when that takes too long', async () => {
  const gate = deferred<void>();
  const { time, circuits, watch } = staged(['db'], { sinks: [() => gate.promise] });
  expect(await watch.flush()).toBe(true);
  circuits[0]!.go('open');
  const late = outcomeOf(watch.flush({ timeoutMs: 200 }));
  const patient = outcomeOf(watch.flush({ timeoutMs: 2_000 }));
  await time.advance(200);
  expect([late.value, patient.status]).toEqual([false, 'pending']);
  gate.resolve();
  await settle();
  expect(patient.value).toBe(true);
  expect(time.pending).toBe(0);
});

it('close hears nothing more, sends what there is, and leaves no timer', async () => {
  const { time, circuits, watch, got } = staged(['a', 'b'], {
    rateLimit: { max: 1, perMs: 500 },
    coolDownMs: 9_000,
  });
  const [a, b] = circuits;
  a!.go('open');
  a!.go('closed');
  a!.go('open');
  b!.go('open');
  expect(await watch.close()).toBe(true);
  b!.go('closed');
  await time.advance(10_000);
  expect(got.map(({ text }) => text)).toEqual(['Circuit "a" is open', 'Circuit "a" is closed after 0 ms']);
  expect(a!.listeners.size + b!.listeners.size + time.pending).toBe(0);
  expect(() => watch.watch(a!)).toThrow('these alerts are closed');
  expect(await watch.close()).toBe(true);
});

it('sets no timer that keeps the process alive', async () => {
  let alive = 0;
  const timers = {
    setTimeout: () => {
      alive++;
      return { unref: () => alive-- };
    },
    clearTimeout: () => {},
  };
  const { circuits } = staged(['a', 'b'], { timers, rateLimit: { max: 1 }, sinks: [hang] });
  for (const state of ['open', 'closed', 'open'] as const) for (const each of circuits) each.go(state);
  await settle();
  expect(alive).toBe(0);
});

it('logs by severity, and the end of an alert as info', async () => {
  const lines: [string, string, object][] = [];
  const logger = {
    error: (message: string, fields: object) => lines.push(['error', message, fields]),
    warn: (message: string, fields: object) => lines.push(['warn', message, fields]),
    info: (message: string, fields: object) => lines.push(['info', message, fields]),
  };
  const { circuits, watch } = staged(['a', 'b', 'c'], {
    sinks: [logSink(logger)],
    severity: ({ policy }) => (policy === 'a' ? 'critical' : policy === 'b' ? 'warning' : 'info'),
  });
  for (const each of circuits) each.go('open');
  circuits[0]!.go('closed');
  await watch.flush();
  expect(lines.map(([level, message]) => `${level} ${message}`)).toEqual([
    'error Circuit "a" is open',
    'warn Circuit "b" is open',
    'info Circuit "c" is open',
    'info Circuit "a" is closed after 0 ms',
  ]);
  expect(lines[0]![2]).toMatchObject({ type: 'opened', policy: 'a' });
  expect(lines[0]![2]).not.toHaveProperty('text');
  expect(() => logSink({ error() {}, warn() {} } as never)).toThrow('logger must have error, warn and info');
});
