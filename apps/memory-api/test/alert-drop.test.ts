import type { AlertEvents } from '@agent4/resilience/alerts';
import { expect, it } from '@jest/globals';
import { createMetrics } from '../src/metrics.ts';
import { createObserver } from '../src/observe.ts';

it('logs a notice that a full queue dropped, and counts it', async () => {
  const lines: [string, object | undefined][] = [];
  const silent = (): void => {};
  const metrics = createMetrics({
    pendingEmbeddings: async () => 0,
    breakers: () => [],
    caches: () => [],
    alerts: () => [['webhook', { delivered: 3, failed: 0, dropped: 1 }]],
  });
  const observer = createObserver(
    { debug: silent, info: silent, warn: silent, error: (message, fields) => lines.push([message, fields]) },
    metrics,
  );
  let drop = (_payload: AlertEvents['alert-drop']): unknown => undefined;
  observer.alerting({
    on: (event, listener) => {
      if (event === 'alert-drop') drop = listener as typeof drop;
      return silent;
    },
  });
  drop({ sink: 'webhook', id: 'n1', type: 'opened' });
  expect(lines).toEqual([['alert was dropped', { sink: 'webhook', notice: 'n1', type: 'opened' }]]);
  // Read twice: the counts are the watch's own and are not added up again.
  await metrics.exposition();
  const { text } = await metrics.exposition();
  expect(text).toContain('agent4_alert_notices_total{sink="webhook",outcome="dropped"} 1\n');
  expect(text).toContain('agent4_alert_notices_total{sink="webhook",outcome="sent"} 3\n');
});
