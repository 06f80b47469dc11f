import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Delivery {
  path: string;
  headers: IncomingHttpHeaders;
  /** As it came, for the signature. */
  text: string;
  notice: Record<string, unknown>;
}

/** A real HTTP server on loopback that takes notices. */
export interface WebhookReceiver {
  readonly url: string;
  readonly deliveries: readonly Delivery[];
  /** What the next requests get: a status, after a while or never; the last one stays. 204 at first. */
  script(...answers: (number | { status: number; afterMs: number } | 'hang')[]): void;
  close(): Promise<void>;
}

export const startWebhookReceiver = async (): Promise<WebhookReceiver> => {
  let answers: Parameters<WebhookReceiver['script']> = [204];
  const deliveries: Delivery[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    deliveries.push({ path: request.url ?? '', headers: request.headers, text, notice: JSON.parse(text) });
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    if (answer === 'hang') return;
    const { status, afterMs } = typeof answer === 'number' ? { status: answer, afterMs: 0 } : answer;
    setTimeout(() => response.writeHead(status).end(), afterMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deliveries,
    script: (...next) => {
      answers = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
