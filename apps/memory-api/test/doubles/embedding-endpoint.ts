import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface EndpointRequest {
  path: string;
  headers: IncomingHttpHeaders;
  body: { model: string; input: string[]; encoding_format: string };
}

export type Answer = (response: ServerResponse, request: EndpointRequest) => void;

/** A real HTTP server on loopback that speaks, or misspeaks, OpenAI's embeddings protocol. */
export interface EmbeddingEndpoint {
  readonly baseUrl: string;
  readonly requests: readonly EndpointRequest[];
  /** Resolves when the `count`-th request has arrived. */
  arrived(count: number): Promise<void>;
  /** What the next requests get; the last one stays. */
  script(...answers: Answer[]): void;
  close(): Promise<void>;
}

export const answerJson =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

/** Vectors (length of the text, 1, 0, …), which are not of unit length. */
export const answerVectors =
  (dims: number): Answer =>
  (response, { body }) => {
    const data = body.input.map((text, index) => ({
      index,
      embedding: Array.from({ length: dims }, (_, d) => (d === 0 ? text.length : d === 1 ? 1 : 0)),
    }));
    answerJson({ object: 'list', data, model: body.model })(response, { path: '', headers: {}, body });
  };

export const neverAnswer: Answer = () => {};

/** Sends the head and half a body, then cuts the connection. */
export const breakOff: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"data": [', () => response.destroy());
};

/** Sends the head and half a body, then nothing more. */
export const stallHalfway: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"data": [');
};

export async function startEmbeddingEndpoint(first: Answer): Promise<EmbeddingEndpoint> {
  let answers: Answer[] = [first];
  const requests: EndpointRequest[] = [];
  let waiting: { count: number; resolve: () => void }[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as EndpointRequest['body'];
      const request = { path: incoming.url ?? '', headers: incoming.headers, body };
      requests.push(request);
      for (const { resolve } of waiting.filter(({ count }) => count <= requests.length)) resolve();
      waiting = waiting.filter(({ count }) => count > requests.length);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      answer?.(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    arrived: (count) =>
      requests.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push({ count, resolve })),
    script(...next) {
      answers = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
