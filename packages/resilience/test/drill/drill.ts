import { setTimeout as sleep } from 'node:timers/promises';
import { pipeline } from '../../src/index.ts';
import { seededRandom } from '../../src/testing.ts';
import type { DrillClient } from './clients.ts';
import type { DrillServer } from './servers.ts';

/** What happened in one phase of a drill. Times are milliseconds. */
export interface DrillPhase {
  phase: string;
  /** Callers that asked, and what they got. */
  calls: number;
  answered: number;
  fallbacks: number;
  errors: number;
  /** Calls that went out to the server. */
  attempts: number;
  timeouts: number;
  retries: number;
  refusedByCircuit: number;
  refusedByBulkhead: number;
  /** From the phase's begin until the circuit opened; undefined when it did not. */
  openedAfterMs: number | undefined;
  /** From the phase's begin until the circuit closed; undefined when it did not. */
  closedAfterMs: number | undefined;
  circuit: string;
  slowestMs: number;
  /** The same calls without policies, those still waiting included. */
  slowestBareMs: number;
}

const CALLERS = 12;
const BARE_CALLERS = 2;

export const settings = {
  totalTimeoutMs: 1_000,
  bulkhead: { maxConcurrent: 8, maxQueue: 2 },
  retry: { maxAttempts: 3, initialDelayMs: 20, maxDelayMs: 100, idempotent: true },
  circuitBreaker: { failureThreshold: 5, openMs: 300 },
  timeoutMs: 250,
} as const;

/** Puts load on a server through a pipeline while it is paused, resumed, stopped and started again. */
export const drill = async (
  server: DrillServer,
  clientOf: (url: string) => DrillClient,
): Promise<DrillPhase[]> => {
  const phases: DrillPhase[] = [];
  let now = phaseOf('');
  let began = performance.now();
  const since = (): number => Math.round(performance.now() - began);
  let over = false;
  // Callers in step would all come at once.
  const random = seededRandom(1);
  const policy = pipeline({ name: 'drill', ...settings, fallback: () => 'stale' });
  policy.on('timeout', () => now.timeouts++);
  policy.on('retry', () => now.retries++);
  policy.on('reject', ({ reason }) =>
    reason === 'full' || reason === 'queue-timeout' ? now.refusedByBulkhead++ : now.refusedByCircuit++,
  );
  policy.on('open', () => {
    now.openedAfterMs ??= since();
  });
  policy.on('close', () => {
    now.closedAfterMs ??= since();
  });

  await server.start();
  const client = clientOf(server.url);
  const bare = clientOf(server.url);
  const waiting = new Set<number>();
  const caller = async (): Promise<void> => {
    while (!over) {
      const start = performance.now();
      // A call counts for the phase in which it began.
      const mine = now;
      mine.calls++;
      const got = await policy
        .execute(({ signal }) => {
          now.attempts++;
          return client.call(signal);
        })
        .catch(() => 'error');
      mine.slowestMs = Math.max(mine.slowestMs, Math.round(performance.now() - start));
      if (got === 'error') mine.errors++;
      else if (got === 'stale') mine.fallbacks++;
      else mine.answered++;
      await sleep(5 + random() * 10);
    }
  };
  const bareCaller = async (): Promise<void> => {
    while (!over) {
      const start = performance.now();
      waiting.add(start);
      await bare.call().catch(() => {});
      waiting.delete(start);
      now.slowestBareMs = Math.max(now.slowestBareMs, Math.round(performance.now() - start));
      await sleep(5 + random() * 10);
    }
  };
  const phase = async (name: string, ms: number, change?: () => unknown): Promise<void> => {
    now = phaseOf(name);
    began = performance.now();
    await change?.();
    await sleep(ms);
    for (const start of waiting)
      now.slowestBareMs = Math.max(now.slowestBareMs, Math.round(performance.now() - start));
    now.circuit = policy.circuitBreaker.state;
    phases.push(now);
  };

  // The connections are made before anything is counted.
  for (let attempt = 0; attempt < 100; attempt++) {
    const up = await Promise.all([client.call(), bare.call()]).then(
      () => true,
      () => sleep(50, false),
    );
    if (up) break;
  }
  const callers = [
    ...Array.from({ length: CALLERS }, caller),
    ...Array.from({ length: BARE_CALLERS }, bareCaller),
  ];
  try {
    await phase('healthy', 800);
    await phase('paused (SIGSTOP)', 2_000, () => server.pause());
    await phase('resumed', 1_500, () => server.resume());
    await phase('stopped', 2_000, () => server.stop());
    await phase('restarted', 2_000, () => server.start());
  } finally {
    over = true;
    await Promise.all(callers);
    await Promise.all([client.close(), bare.close()]);
  }
  return phases;
};

const phaseOf = (phase: string): DrillPhase => ({
  phase,
  calls: 0,
  answered: 0,
  fallbacks: 0,
  errors: 0,
  attempts: 0,
  timeouts: 0,
  retries: 0,
  refusedByCircuit: 0,
  refusedByBulkhead: 0,
  openedAfterMs: undefined,
  closedAfterMs: undefined,
  circuit: 'closed',
  slowestMs: 0,
  slowestBareMs: 0,
});
