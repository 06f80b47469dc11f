import { expect, it } from '@jest/globals';
import { HealthRegistry } from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = () => {
  const time = new VirtualClock();
  return { time, registry: new HealthRegistry({ ...time.time, now: () => 1_700_000_000_000 + time.now }) };
};

it('does not start a check again while a run of it hangs, and tells since when', async () => {
  const { time, registry } = setUp();
  let runs = 0;
  registry.register('db', () => {
    runs++;
    return new Promise(() => {});
  });
  const first = registry.report();
  await time.advance(1_000);
  await first;
  await time.advance(2_000);
  for (let at = 0; at < 100; at++) await registry.report();
  expect(runs).toBe(1);
  expect((await registry.report()).checks['db']).toMatchObject({
    status: 'down',
    message: 'no answer since 3000 ms',
    since: '2023-11-14T22:13:20.000Z',
    lastError: { code: 'TIMEOUT' },
  });
  expect(time.pending).toBe(0);
});

it('runs a check again at once when the run that hung has settled', async () => {
  const { time, registry } = setUp();
  const gate = deferred<boolean>();
  const answers: unknown[] = [gate.promise, true];
  registry.register('db', () => answers.shift());
  const first = registry.report();
  await time.advance(1_000);
  expect((await first).status).toBe('down');
  gate.resolve(true);
  await settle();
  expect((await registry.report()).status).toBe('up');
});

it('risks another run after ten time limits, so that a promise lost for ever does not hold a service down', async () => {
  const { time, registry } = setUp();
  const answers: unknown[] = [new Promise(() => {}), true];
  registry.register('db', () => answers.shift());
  const first = registry.report();
  await time.advance(1_000);
  await first;
  await time.advance(8_999);
  expect((await registry.report()).status).toBe('down');
  await time.advance(1);
  expect((await registry.report()).status).toBe('up');
});

it('tells since when a status holds, and keeps the last error after it is over', async () => {
  const { time, registry } = setUp();
  let broken = true;
  registry.register('db', () => {
    if (broken) throw Object.assign(new Error('password=x'), { code: 'ECONNREFUSED' });
  });
  await registry.report();
  time.now = 5_000;
  const down = (await registry.report()).checks['db']!;
  broken = false;
  time.now = 7_000;
  const up = (await registry.report()).checks['db']!;
  expect(down).toMatchObject({ since: '2023-11-14T22:13:20.000Z', checkedAt: '2023-11-14T22:13:25.000Z' });
  expect(up).toMatchObject({
    status: 'up',
    since: '2023-11-14T22:13:27.000Z',
    lastError: { code: 'ECONNREFUSED', at: '2023-11-14T22:13:25.000Z' },
  });
});

it('asks no check for liveness or for a snapshot, and only the critical ones for readiness', async () => {
  const { registry } = setUp();
  const runs: string[] = [];
  registry.register('db', () => void runs.push('db'));
  registry.register('mail', () => !runs.push('mail'), { critical: false });
  expect(registry.liveness()).toEqual({
    status: 'up',
    since: '2023-11-14T22:13:20.000Z',
    checkedAt: '2023-11-14T22:13:20.000Z',
  });
  expect(registry.snapshot()).toMatchObject({
    status: 'unknown',
    checks: { db: { status: 'unknown', message: 'not checked yet' }, mail: { status: 'unknown' } },
  });
  expect(runs).toEqual([]);
  expect((await registry.readiness()).status).toBe('up');
  expect(runs).toEqual(['db']);
  expect((await registry.report()).status).toBe('degraded');
  expect(registry.snapshot()).toMatchObject({ status: 'degraded', checks: { mail: { status: 'down' } } });
  expect(runs).toEqual(['db', 'db', 'mail']);
});

it('answers, down, when the answer of a check cannot be read', async () => {
  const { time, registry } = setUp();
  const hostile = Object.defineProperty({}, 'status', {
    get() {
      throw new TypeError('secret');
    },
  });
  registry.register('odd', () => hostile);
  const outcome = outcomeOf(registry.report());
  await settle();
  expect(outcome.value?.checks['odd']).toMatchObject({
    status: 'down',
    message: 'check failed: TypeError',
  });
  expect(time.pending).toBe(0);
});

it.each([
  () => Number.NaN,
  () => {
    throw new Error('no clock');
  },
])('takes a wall clock that gives nonsense or throws for none (%#)', async (now) => {
  const registry = new HealthRegistry({ now });
  registry.register('db', () => true);
  expect((await registry.report()).checkedAt).toMatch(/^2\d{3}-/);
});
