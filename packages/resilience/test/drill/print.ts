// Prints the tables of docs/operations.md: `node packages/resilience/test/drill/print.ts`.
import { postgresClient, redisClient } from './clients.ts';
import { type DrillPhase, drill } from './drill.ts';
import { postgresServer, redisServer } from './servers.ts';

const COLUMNS: [string, (phase: DrillPhase) => unknown][] = [
  ['phase', (of) => of.phase],
  ['calls', (of) => of.calls],
  ['answered', (of) => of.answered],
  ['fallback', (of) => of.fallbacks],
  ['errors', (of) => of.errors],
  ['sent to the server', (of) => of.attempts],
  ['timed out', (of) => of.timeouts],
  ['retries', (of) => of.retries],
  ['refused: circuit', (of) => of.refusedByCircuit],
  ['refused: bulkhead', (of) => of.refusedByBulkhead],
  ['opened after', (of) => (of.openedAfterMs === undefined ? '' : `${of.openedAfterMs} ms`)],
  ['closed after', (of) => (of.closedAfterMs === undefined ? '' : `${of.closedAfterMs} ms`)],
  ['slowest', (of) => `${of.slowestMs} ms`],
  ['slowest without policies', (of) => `${of.slowestBareMs} ms`],
];

const row = (cells: unknown[]): string => `| ${cells.join(' | ')} |`;

for (const [name, makeServer, clientOf] of [
  ['Redis', redisServer, redisClient],
  ['PostgreSQL', postgresServer, postgresClient],
] as const) {
  const server = await makeServer();
  if (server === undefined) {
    console.log(`${name} is not installed`);
    continue;
  }
  try {
    const phases = await drill(server, clientOf);
    console.log(`\n**${name}**\n`);
    console.log(row(COLUMNS.map(([head]) => head)));
    console.log(row(COLUMNS.map(() => '---')));
    for (const phase of phases) console.log(row(COLUMNS.map(([, cell]) => cell(phase))));
  } finally {
    await server.remove();
  }
}
