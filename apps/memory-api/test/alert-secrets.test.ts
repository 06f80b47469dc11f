import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startWebhookReceiver, type WebhookReceiver } from './doubles/webhook-receiver.ts';
import { type Outage, startOutage } from './embedder-outage.ts';
import { until } from './until.ts';

describe('a webhook that refuses the notice', () => {
  let folder: string;
  let receiver: WebhookReceiver;
  let server: Outage;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'memory-api-'));
    receiver = await startWebhookReceiver();
    receiver.script(404);
    server = await startOutage({
      DATA_DIR: folder,
      LOG_LEVEL: 'debug',
      ALERT_WEBHOOK_URL: `${receiver.url}/hook/geheim?key=geheim`,
      ALERT_WEBHOOK_SECRET: 'geheimnis',
    });
  });
  afterEach(async () => {
    await server.close();
    await receiver.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is told by its code and counted, and neither address nor secret is shown anywhere', async () => {
    await server.breakCircuit();
    const failed = () => server.logs().filter(({ message }) => message === 'alert was not sent');
    await until('the failure', () => failed().length === 1);
    expect(failed()).toMatchObject([
      { level: 'error', sink: 'webhook', type: 'opened', code: 'HTTP_404', notice: expect.any(String) },
    ]);
    const shown = await Promise.all(
      ['/metrics', '/health/ready', '/api/v1/config', '/openapi.json'].map(server.get),
    );
    expect(shown[0]).toContain('agent4_alert_notices_total{sink="webhook",outcome="failed"} 1');
    expect(shown[0]).toContain('agent4_alert_notices_total{sink="log",outcome="sent"} 1');
    const { stdout, stderr } = await server.end('SIGTERM');
    expect(receiver.deliveries[0]!.path).toBe('/hook/geheim?key=geheim');
    expect([...shown, stdout, stderr].join('\n')).not.toMatch(
      new RegExp(`geheim|${new URL(receiver.url).host}`),
    );
  }, 60_000);
});
