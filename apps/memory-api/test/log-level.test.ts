import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ServerProcess, startServer } from './server-process.ts';
import { until } from './until.ts';

describe('the log level at run time', () => {
  let folder: string;
  let server: ServerProcess;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'memory-api-'));
    server = await startServer({ DATA_DIR: folder });
  });
  afterEach(async () => {
    await server.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** Asks for what is not there, which is told at debug. */
  const ask = (id: string) =>
    fetch(`${server.url}/api/v1/stats?user_id=nobody`, { headers: { 'x-request-id': id } });
  const levelsOf = (id: string): unknown[] =>
    server
      .logs()
      .filter((line) => line.correlationId === id)
      .map(({ level }) => level);
  const changes = () => server.logs().filter(({ message }) => /^log level/.test(String(message)));
  const signal = async (count: number): Promise<void> => {
    // As the README has it: from the line that says the server is ready.
    const ready = () => server.logs().find(({ message }) => message === 'ready');
    await until('that line', () => ready() !== undefined);
    process.kill(ready()!.pid as number, 'SIGUSR2');
    await until('the change', () => changes().length === count);
  };

  it('is debug for ten minutes from each SIGUSR2 on, and the log says until when', async () => {
    await ask('before');
    await signal(1);
    await ask('after');
    await signal(2);
    await ask('again');
    await until('the lines', () => levelsOf('again').length === 2);
    expect(levelsOf('before')).toEqual(['info']);
    expect(levelsOf('after').sort()).toEqual(['debug', 'info']);
    expect(levelsOf('again').sort()).toEqual(['debug', 'info']);
    // The second one does not say that the first is over, since the level stays.
    for (const { message, to, until: end, timestamp } of changes()) {
      expect({ message, to }).toEqual({ message: 'log level changed', to: 'debug' });
      const minutes = (Date.parse(String(end)) - Date.parse(String(timestamp))) / 60_000;
      expect(minutes).toBeCloseTo(10, 1);
    }
    expect((await server.end('SIGTERM')).code).toBe(0);
  }, 30_000);
});
