import { hostname } from 'node:os';
import {
  type AlertNotice,
  type AlertSinkStats,
  type AlertSource,
  type Alerts,
  alerts,
  logSink,
  webhookSink,
} from '@agent4/resilience/alerts';
import type { Config } from './config.ts';
import type { Log } from './observe.ts';

export interface Alerting {
  on: Alerts['on'];
  /** What became of the notices so far, by sink. */
  sinks(): [sink: string, AlertSinkStats][];
  /** Watches no more, sends what is queued within that time, and gives up the rest. */
  close(withinMs: number): Promise<void>;
}

/** Who reads it in a chat does not know whose circuits these are. Mattermost refuses a `type` that is not its own. */
const webhookBody = ({ text, type, ...rest }: AlertNotice): object => ({
  text: `memory-api: ${text}`,
  event: type,
  ...rest,
});

/** Tells people that a circuit opened and that it is well again: in the log always, over a webhook if there is one. */
export const createAlerting = (options: {
  breakers: readonly AlertSource[];
  /** Circuits without which the server still serves; nobody is woken for them. */
  degrading: readonly AlertSource[];
  log: Log;
  webhook: Config['alertWebhook'];
}): Alerting => {
  const { breakers, log, webhook } = options;
  const degrading = new Set(options.degrading.map(({ name }) => name));
  const stopping = new AbortController();
  const sinks = [logSink(log)];
  if (webhook !== undefined) {
    const hook = webhookSink({ url: webhook.url, signingSecret: webhook.secret, body: webhookBody });
    sinks.push({
      ...hook,
      // A receiver that hangs must not hold up the end of the process.
      send: (notice, { signal }) => hook.send(notice, { signal: AbortSignal.any([signal, stopping.signal]) }),
    });
  }
  const watch = alerts({
    sources: breakers,
    sinks,
    severity: ({ policy, kind }) => (kind === 'flapping' || degrading.has(policy) ? 'warning' : 'critical'),
    labels: { service: 'memory-api', host: hostname() },
  });
  return {
    on: watch.on,
    sinks: () => Object.entries(watch.snapshot().sinks),
    close: async (withinMs) => {
      if (await watch.close({ timeoutMs: withinMs })) return;
      stopping.abort(Object.assign(new Error('The server stops'), { code: 'STOPPED' }));
      // So that what is given up is told before the log's last line.
      await watch.flush({ timeoutMs: 100 });
    },
  };
};
