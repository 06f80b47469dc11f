import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configureLogging } from '@agent4/logging';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startApi } from './harness.ts';
import { startServer } from './server-process.ts';

const sampleOf = (metrics: string, series: string): number =>
  Number(
    metrics
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')[1],
  );

describe('what logging counts of itself', () => {
  let undo = async (): Promise<void> => {};
  afterEach(() => undo());

  it('is in /metrics: lines by destination and level, beside the rest and in the same format', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'memory-api-'));
    const server = await startServer({ DATA_DIR: folder });
    undo = async () => {
      await server.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    };
    const read = async () => (await fetch(`${server.url}/metrics`)).text();
    const series = 'agent4_logging_lines_total{destination="stdout",level="info"}';
    const before = sampleOf(await read(), series);
    for (let at = 0; at < 3; at++) await fetch(`${server.url}/health/live`);
    const text = await read();
    // One line a request; the first reading is one of them.
    expect(sampleOf(text, series)).toBe(before + 4);
    expect(sampleOf(text, 'agent4_logging_destination_up{destination="stdout"}')).toBe(1);
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const sample of samples) expect(sample).toMatch(/^[a-z_0-9]+(\{.*\})? (-?[\d.e+-]+|NaN|\+Inf)$/i);
    const names = samples.map((sample) => sample.slice(0, sample.lastIndexOf(' ')));
    expect(new Set(names).size).toBe(names.length);
  });

  it('tells of a destination that fails, which makes the server no less ready', async () => {
    const api = await startApi();
    const restore = configureLogging({
      destination: {
        write: () => {
          throw new Error('the pipe is gone');
        },
      },
    });
    undo = async () => {
      restore();
      await api.close();
    };
    await api.call('GET', '/health/live');
    const metrics = String((await api.call('GET', '/metrics')).body);
    expect(metrics).toMatch(/^agent4_logging_failures_total\{source="[^"]+"\} [1-9]/m);
    expect((await api.call('GET', '/health/ready')).body).toMatchObject({ status: 'up' });
  });
});
