import { expect, it } from '@jest/globals';
import { runChild } from './child.ts';

// In a process of its own: a jest sandbox gets no `unhandledRejection`, and never comes to its end by itself.
const LATE = `
const late = (ms = 5) => new Promise((_, reject) => setTimeout(() => reject(new Error('late')), ms));
const gone = (policy, fn = () => late()) => policy.execute(fn).catch(() => {});
`;

it('ends a process at an unhandled rejection, or none of these tests could fail', async () => {
  const { code, stderr } = await runChild(`${LATE} late(); r.retry();`);
  expect([code, stderr.includes('late')]).toEqual([1, true]);
});

it.each([
  ['timeout', 'await gone(r.timeout(1));'],
  ['deadline', 'await gone(r.deadline(1));'],
  ['withDeadline', 'await r.withDeadline(1, () => late()).catch(() => {});'],
  ['hedge', 'await gone(r.hedge({ delayMs: 0, idempotent: true }), () => late(2 + 3 * Math.random()));'],
  ['coalesce', "await Promise.all([1, 2, 3].map(() => gone(r.coalesce({ key: () => 'k' }))));"],
  ['fallback', 'await gone(r.compose(r.timeout(1), r.fallback(() => late())), () => late(0));'],
  [
    'pipeline',
    `await gone(r.pipeline({ totalTimeoutMs: 4, bulkhead: { maxConcurrent: 1 }, retry: { initialDelayMs: 0, idempotent: true },
       circuitBreaker: {}, timeoutMs: 1 }));`,
  ],
  [
    'an abort',
    `for (const policy of [r.retry(), r.timeout(1e6), r.bulkhead({ maxConcurrent: 1 }), r.circuitBreaker(), r.deadline(1e6),
       r.rateLimit({ limit: 1, perMs: 1 }), r.adaptiveConcurrency(), r.coalesce({ key: () => 1 }), r.fallback(1),
       r.compose(r.bulkhead({ maxConcurrent: 1 }), r.timeout(1e6)),
       r.compose(r.priorityBulkhead({ maxConcurrent: 1, priority: () => 0 }), r.timeout(1e6))]) {
       const controller = new AbortController();
       const call = policy.execute(() => late(), controller.signal).catch(() => {});
       setTimeout(() => controller.abort('gone'), 1);
       await call;
     }`,
  ],
])('leaves the late failure of a call to nobody: %s', async (_what, script) => {
  const { code, stdout, stderr } = await runChild(
    `${LATE} ${script} setTimeout(() => console.log('alive'), 30);`,
  );
  expect([code, stdout, stderr.includes('late')]).toEqual([0, 'alive\n', false]);
});

it('keeps the process alive through a backoff', async () => {
  const { code, stdout } = await runChild(`
    let calls = 0;
    const policy = r.retry({ initialDelayMs: 30, jitter: 'none' });
    policy.execute(() => { if (++calls < 3) throw new Error('down'); return calls; }).then(console.log);
  `);
  expect([code, stdout]).toEqual([0, '3\n']);
});

it('keeps the process alive through a wait in a queue and for a time limit', async () => {
  const { code, stdout } = await runChild(`
    const slots = r.bulkhead({ maxConcurrent: 1, maxQueue: 1, queueTimeoutMs: 30 });
    const never = () => new Promise(() => {});
    r.compose(slots, r.timeout(60)).execute(never).catch(({ code }) => console.log(code));
    slots.execute(never).catch(({ reason }) => console.log(reason));
  `);
  expect([code, stdout]).toEqual([0, 'queue-timeout\nTIMEOUT\n']);
});

it('lets the process end while a circuit is open, half-open, ramping, or counts in a window', async () => {
  const { code, stdout } = await runChild(`
    const breaker = r.circuitBreaker({ window: { type: 'time', sizeMs: 60_000, minimumCalls: 1 }, openMs: 60_000 });
    const probed = r.circuitBreaker({ failureThreshold: 1, openMs: 1, halfOpenMaxWaitMs: 60_000, rampUpMs: 60_000 });
    r.retryBudget().deposit();
    const fail = (policy) => policy.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    await Promise.all([fail(breaker), fail(probed)]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    probed.execute(() => new Promise(() => {}));
    const start = performance.now();
    process.on('exit', () => console.log(breaker.state, probed.state, performance.now() - start < 5_000));
  `);
  expect([code, stdout]).toEqual([0, 'open half-open true\n']);
});
