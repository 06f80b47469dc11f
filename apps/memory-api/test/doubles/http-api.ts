import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ApiRequest {
  path: string;
  body: Record<string, unknown>;
  key: string | undefined;
  /** 1 for the first request to this path. */
  nth: number;
}

/**
 * What the double does with a request: nothing said is the API's own answer. `hang` never answers, `drop` cuts the
 * connection before anything was done, `store-then-drop` after: the worst moment to lose an answer.
 */
export type Behaviour = undefined | 'hang' | 'drop' | 'store-then-drop' | Answer;

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export interface HttpApi {
  url: string;
  /** What was stored, by key. */
  memories: Map<string, Record<string, unknown>>;
  users: Set<string>;
  requests: ApiRequest[];
  behave(next: (request: ApiRequest) => Behaviour): void;
  close(): Promise<void>;
}

const readBody = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
};

/** The part of the memory API that the command-line tools use, keys included, on a port of its own. */
export const startHttpApi = async (): Promise<HttpApi> => {
  const memories: HttpApi['memories'] = new Map();
  const users: HttpApi['users'] = new Set();
  const requests: ApiRequest[] = [];
  const counts = new Map<string, number>();
  let behaviour: (request: ApiRequest) => Behaviour = () => undefined;

  const refuse = (status: number, code: string, detail: unknown): Answer => ({
    status,
    body: { detail, code, request_id: 'r', retryable: false },
  });
  const answer = ({ path, body, key }: ApiRequest): Answer => {
    if (path === '/api/v1/users') {
      const userId = String(body.user_id);
      const status = users.has(userId) ? 200 : 201;
      users.add(userId);
      return { status, body: { id: `id-of-${userId}`, user_id: userId } };
    }
    if (path !== '/api/v1/memories/') return { status: 404, body: { detail: 'Not Found' } };
    if (!users.has(String(body.user_id))) return refuse(404, 'USER_NOT_FOUND', 'User not found');
    if (body.text === '')
      return refuse(422, 'REQUEST_INVALID', [
        {
          type: 'string_too_short',
          loc: ['body', 'text'],
          msg: 'Input should have at least 1 characters',
          input: '',
        },
      ]);
    const known = key === undefined ? undefined : memories.get(key);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(body))
      return refuse(409, 'IDEMPOTENCY_KEY_REUSED', 'This key was used before');
    memories.set(key ?? `none-${memories.size}`, body);
    const replayed = known === undefined ? undefined : { 'idempotency-replayed': 'true' };
    return { status: 200, body: { id: `memory-of-${key}` }, ...(replayed && { headers: replayed }) };
  };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = incoming.url ?? '';
    const nth = (counts.get(path) ?? 0) + 1;
    counts.set(path, nth);
    const key = incoming.headers['idempotency-key'];
    const request: ApiRequest = { path, body: await readBody(incoming), key: key?.toString(), nth };
    requests.push(request);
    const told = behaviour(request);
    if (told === 'hang') return;
    if (told === 'store-then-drop') answer(request);
    if (told === 'drop' || told === 'store-then-drop') {
      incoming.socket.destroy();
      return;
    }
    const { status, headers, body } = told ?? answer(request);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body === undefined ? '' : JSON.stringify(body));
  };
  const server = createServer((incoming, response) => {
    // A client that is killed in mid-request is part of the tests.
    serve(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    memories,
    users,
    requests,
    behave: (next) => {
      behaviour = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
