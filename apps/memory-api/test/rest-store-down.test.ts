import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { storeFrom } from '../src/domain/memory-store.ts';
import { createSqliteStore } from '../src/storage/sqlite/store.ts';
import { startApi, type TestApi } from './harness.ts';

const SECRET = 'hunter2-at-db.internal';

describe('a store that fails', () => {
  let api: TestApi;
  let folder: string;
  let failure: (() => Error) | undefined;
  let failures: number;
  let calls: string[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'memory-api-'));
    failure = undefined;
    failures = Number.POSITIVE_INFINITY;
    calls = [];
    const real = createSqliteStore({ folder });
    const store = storeFrom(
      async (operation, args) => {
        calls.push(operation);
        if (failure !== undefined && failures-- > 0) throw failure();
        return (real[operation] as (...given: readonly unknown[]) => Promise<unknown>)(...args);
      },
      () => real.close(),
    );
    api = await startApi({ parts: { store } });
  });
  afterEach(async () => {
    await api.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const busy = (): Error =>
    Object.assign(new Error(`database is locked: ${SECRET}`), { name: 'SqliteError', code: 'SQLITE_BUSY' });
  const bug = (): Error => new Error(`cannot read ${SECRET} of undefined`);
  const stats = () => api.call('GET', '/api/v1/stats?user_id=ada');

  it('is asked again when it was only busy, and the retry is counted', async () => {
    failure = busy;
    failures = 1;
    expect((await stats()).status).toBe(200);
    const { body } = await api.call('GET', '/metrics');
    expect(body as unknown as string).toContain('agent4_retries_total{policy="store.read"} 1');
    expect(api.logs().map((line) => line.message)).toContain('call is retried');
  });

  it('is named by readiness, which says 503, while the process stays live', async () => {
    failure = busy;
    const ready = await api.call('GET', '/health/ready');
    expect(ready).toMatchObject({
      status: 503,
      body: { status: 'down', checks: { store: { status: 'down', critical: true } } },
    });
    expect((await api.call('GET', '/health/live')).status).toBe(200);
    expect(JSON.stringify(ready.body)).not.toContain(SECRET);
  });

  it('gives callers a code and whether to try again, and no word of its inside', async () => {
    failure = busy;
    const down = await stats();
    expect(down).toMatchObject({ status: 503, body: { retryable: true, detail: expect.any(String) } });
    failure = bug;
    const broken = await stats();
    expect(broken).toMatchObject({
      status: 500,
      body: { retryable: false, request_id: broken.headers['x-request-id'] },
    });
    for (const { body } of [down, broken])
      expect(JSON.stringify(body)).not.toMatch(/hunter2|database is locked|\\bat |node_modules/);
  });

  it('leaves the stack and the cause in the log, under the id that the caller was given', async () => {
    failure = bug;
    const { headers } = await stats();
    const line = api
      .logs()
      .find((one) => one.message === 'request failed' && one.correlationId === headers['x-request-id']);
    expect(JSON.stringify(line)).toContain('rest-store-down.test');
  });

  it('that is full shows in health, though a repetition would not help', async () => {
    const row = await api.add('before');
    failure = () =>
      Object.assign(new Error('database or disk is full'), { name: 'SqliteError', code: 'SQLITE_FULL' });
    for (let i = 0; i < 6; i++)
      expect(
        (await api.call('DELETE', '/api/v1/memories/', { user_id: 'ada', memory_ids: [row.id] })).status,
      ).toBeGreaterThanOrEqual(500);
    failure = undefined;
    const { body } = await api.call<{ status: string }>('GET', '/health/ready');
    expect(body).not.toMatchObject({ status: 'up' });
  });

  it('is left alone once its circuit is open, and callers are told when to come back', async () => {
    failure = busy;
    while ((await stats()).headers['retry-after'] === undefined);
    const before = calls.length;
    const refused = await stats();
    expect(refused).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE', retryable: true } });
    expect(calls).toHaveLength(before);
    expect((await api.call('GET', '/metrics')).body as unknown as string).toContain(
      'agent4_breaker_state{policy="store.read",state="open"} 1',
    );
  });

  it('is an alert at error, which has the code and no word of the error', async () => {
    failure = busy;
    while ((await stats()).headers['retry-after'] === undefined);
    const told = api.logs().filter((line) => line.alertId !== undefined);
    expect(told).toMatchObject([
      { level: 'error', type: 'opened', policy: 'store.read', severity: 'critical', code: 'SQLITE_BUSY' },
    ]);
    expect(JSON.stringify(told)).not.toContain(SECRET);
  });
});
