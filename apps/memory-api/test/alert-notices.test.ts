import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startWebhookReceiver, type WebhookReceiver } from './doubles/webhook-receiver.ts';
import { type Outage, startOutage } from './embedder-outage.ts';
import { until } from './until.ts';

describe('alerts on an embedder that is down', () => {
  let folder: string;
  let receiver: WebhookReceiver;
  let server: Outage;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'memory-api-'));
    receiver = await startWebhookReceiver();
    server = await startOutage({
      DATA_DIR: folder,
      ALERT_WEBHOOK_URL: `${receiver.url}/hook`,
      ALERT_WEBHOOK_SECRET: `whsec_${Buffer.from('twenty-four bytes of key').toString('base64')}`,
    });
  });
  afterEach(async () => {
    await server.close();
    await receiver.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const alertLines = () => server.logs().filter((line) => line.alertId !== undefined);

  it('tell of it once and of its end once, to the receiver and in the log, and count both', async () => {
    await server.breakCircuit();
    await until('the first notice', () => receiver.deliveries.length === 1);
    await server.recover();
    await until('the second notice', () => receiver.deliveries.length === 2);
    await until('the last line', () => alertLines().length === 2);

    const [opened, resolved] = receiver.deliveries as [
      WebhookReceiver['deliveries'][number],
      WebhookReceiver['deliveries'][number],
    ];
    expect(opened.notice).toMatchObject({
      text: 'memory-api: Circuit "embedder" is open (EMBEDDER_UNAVAILABLE)',
      event: 'opened',
      policy: 'embedder',
      severity: 'warning',
      labels: { service: 'memory-api', host: expect.any(String) },
    });
    expect(resolved.notice).toMatchObject({
      text: expect.stringMatching(/^memory-api: Circuit "embedder" is closed after \d+ s$/),
      event: 'resolved',
      alertId: opened.notice.alertId,
    });
    for (const { path, headers, text, notice } of [opened, resolved]) {
      expect(path).toBe('/hook');
      const signed = `${notice.id as string}.${headers['webhook-timestamp'] as string}.${text}`;
      expect(headers['webhook-signature']).toBe(
        `v1,${createHmac('sha256', 'twenty-four bytes of key').update(signed).digest('base64')}`,
      );
      // Mattermost refuses a type that is not one of its own.
      expect(notice).not.toHaveProperty('type');
    }

    expect(alertLines()).toMatchObject([
      { level: 'warn', message: 'Circuit "embedder" is open (EMBEDDER_UNAVAILABLE)', type: 'opened' },
      { level: 'info', type: 'resolved', alertId: opened.notice.alertId },
    ]);
    const metrics = await server.get('/metrics');
    for (const sink of ['log', 'webhook'])
      for (const line of ['sent"} 2', 'failed"} 0', 'dropped"} 0'])
        expect(metrics).toContain(`agent4_alert_notices_total{sink="${sink}",outcome="${line}`);
  }, 60_000);

  it('tell at warn, while each step is told and counted once, at info under the id of its request', async () => {
    await server.breakCircuit();
    await until('the alert', () => alertLines().length === 1);
    expect(alertLines()[0]).not.toHaveProperty('correlationId');
    expect(server.logs().filter(({ message }) => message === 'circuit opened')).toMatchObject([
      { level: 'info', policy: 'embedder', correlationId: expect.stringMatching(/^search-\d+$/) },
    ]);
    expect(await server.get('/metrics')).toContain(
      'agent4_breaker_transitions_total{policy="embedder",to="open"} 1\n',
    );
  }, 60_000);
});
