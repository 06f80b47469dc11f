import { describe, expect, it } from '@jest/globals';
import { onPath, postgresBinaries } from '../../../scripts/services.ts';
import { postgresClient, redisClient } from './drill/clients.ts';
import { type DrillPhase, drill, settings } from './drill/drill.ts';
import { postgresServer, redisServer } from './drill/servers.ts';

const hasRedis = (onPath('redis-server') ?? onPath('valkey-server')) !== undefined;
const hasPostgres = postgresBinaries() !== undefined;

/** What must hold on the busiest machine: who got what, not how fast to the millisecond. */
const expectSurvived = (phases: readonly DrillPhase[]): void => {
  expect(phases.map(({ phase }) => phase)).toEqual([
    'healthy',
    'paused (SIGSTOP)',
    'resumed',
    'stopped',
    'restarted',
  ]);
  const [healthy, paused, resumed, stopped, restarted] = phases as [
    DrillPhase,
    DrillPhase,
    DrillPhase,
    DrillPhase,
    DrillPhase,
  ];
  for (const { calls, answered, fallbacks, errors, slowestMs } of phases) {
    expect({ errors, all: answered + fallbacks }).toEqual({ errors: 0, all: calls });
    expect(slowestMs).toBeLessThan(settings.totalTimeoutMs + 500);
  }
  expect(healthy.answered).toBeGreaterThan(healthy.fallbacks);
  for (const fault of [paused, stopped]) {
    expect(fault.openedAfterMs).toBeDefined();
    expect(fault.circuit).not.toBe('closed');
    expect(fault.refusedByCircuit).toBeGreaterThan(fault.attempts);
  }
  // A paused server takes connections and says nothing: only a time limit helps, and without one a caller waits for it.
  expect(paused.timeouts).toBeGreaterThan(0);
  expect(paused.slowestBareMs).toBeGreaterThan(1_500);
  for (const { closedAfterMs, circuit, answered } of [resumed, restarted]) {
    expect(closedAfterMs).toBeDefined();
    expect(circuit).toBe('closed');
    expect(answered).toBeGreaterThan(0);
  }
};

describe('servers of our own, paused, stopped and started again under load', () => {
  (hasRedis ? it : it.skip)(
    'Redis: every caller gets an answer in time, and the circuit opens and closes with the fault',
    async () => {
      const server = (await redisServer())!;
      try {
        expectSurvived(await drill(server, redisClient));
      } finally {
        await server.remove();
      }
    },
    60_000,
  );

  (hasPostgres ? it : it.skip)(
    'PostgreSQL: every caller gets an answer in time, and the circuit opens and closes with the fault',
    async () => {
      const server = (await postgresServer())!;
      try {
        expectSurvived(await drill(server, postgresClient));
      } finally {
        await server.remove();
      }
    },
    60_000,
  );
});
