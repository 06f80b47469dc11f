import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startWebhookReceiver, type WebhookReceiver } from './doubles/webhook-receiver.ts';
import { type Outage, startOutage } from './embedder-outage.ts';
import { until } from './until.ts';

describe('stopping the server with an alert on its way', () => {
  let folder: string;
  let receiver: WebhookReceiver;
  let server: Outage;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'memory-api-'));
    receiver = await startWebhookReceiver();
    server = await startOutage({ DATA_DIR: folder, ALERT_WEBHOOK_URL: receiver.url });
  });
  afterEach(async () => {
    await server.close();
    await receiver.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const stop = async () => {
    const begun = performance.now();
    const { code } = await server.end('SIGTERM');
    return { code, tookMs: performance.now() - begun };
  };
  const messages = (): unknown[] => server.logs().map(({ message }) => message);

  it('waits for a receiver that is slow', async () => {
    receiver.script({ status: 204, afterMs: 900 });
    await server.breakCircuit();
    await until('the request', () => receiver.deliveries.length > 0);
    expect((await stop()).code).toBe(0);
    expect(messages()).not.toContain('alert was not sent');
    const [stopping, stopped] = server.logs().slice(-2);
    expect([stopping!.message, stopped!.message]).toEqual(['stopping', 'stopped']);
    const waitedMs = Date.parse(String(stopped!.timestamp)) - Date.parse(String(stopping!.timestamp));
    expect(waitedMs).toBeGreaterThan(300);
  }, 30_000);

  it('tries again, as far as the time goes, when the receiver failed', async () => {
    // Late enough that the stop comes before the second try, whose wait may be none at all.
    receiver.script({ status: 503, afterMs: 500 }, 204);
    await server.breakCircuit();
    await until('the request', () => receiver.deliveries.length > 0);
    expect((await stop()).code).toBe(0);
    expect(receiver.deliveries).toHaveLength(2);
    expect(messages()).not.toContain('alert was not sent');
  }, 30_000);

  it('does not wait for one that hangs, and says what was given up', async () => {
    receiver.script('hang');
    await server.breakCircuit();
    await until('the request', () => receiver.deliveries.length > 0);
    const { code, tookMs } = await stop();
    expect(code).toBe(0);
    // close() was in time, else the code were 1; and no request that is under way kept the process after it.
    expect(tookMs).toBeLessThan(4_000);
    expect(server.logs()).toContainEqual(
      expect.objectContaining({ message: 'alert was not sent', sink: 'webhook', code: 'STOPPED' }),
    );
    expect(messages().at(-1)).toBe('stopped');
  }, 30_000);
});
