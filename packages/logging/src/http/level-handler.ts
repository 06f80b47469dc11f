import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkFunction } from '../check-options.ts';
import { describe } from '../describe.ts';
import { publishFailure } from '../events.ts';
import { onlyKnown } from '../only-known.ts';
import { type Schedule, unrefTimer } from '../schedule.ts';
import { answerLevels, forbidden, type LevelAnswer, type LevelRequest } from './level-requests.ts';

export interface LevelHandlerOptions {
  /**
   * Asked first, before anything of the request's body is read. Only `true`, or a promise of it, lets it pass; all else,
   * a throw or rejection too, is answered with 403.
   */
  authorize: (request: IncomingMessage | Request) => boolean | Promise<boolean>;
  /** Bytes of a body; a longer one is answered with 413. Default 4_096. */
  maxBodyBytes?: number | undefined;
  /** Ends changes that have a `forMs`. Default an unref'd timer. */
  schedule?: Schedule | undefined;
}

export interface LevelHandler {
  /** For node http and express. */
  (request: IncomingMessage, response: ServerResponse, next?: unknown): Promise<void>;
  /** For servers that speak fetch's Request and Response. */
  (request: Request): Promise<Response>;
}

type Parsed = IncomingMessage & { body?: unknown; originalUrl?: string };

const searchOf = (url: string): string => {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at);
};

/** The body's text; undefined beyond the cap. Rejects when the client leaves. */
const nodeBody = (request: Parsed, max: number): Promise<unknown> => {
  const { body } = request;
  // A parser before us has read it.
  if (body !== undefined && request.readableEnded)
    return Promise.resolve(Buffer.isBuffer(body) ? `${body}` : body);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer | string) => {
      const bytes = Buffer.from(chunk as string);
      length += bytes.length;
      if (length > max) {
        request.pause();
        resolve(undefined);
      } else {
        chunks.push(bytes);
      }
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString()));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the client left')));
    // Read to its end by somebody who kept nothing of it.
    if (request.readableEnded) resolve('');
  });
};

const fetchBody = async (request: Request, max: number): Promise<unknown> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
    length += part.value.byteLength;
    if (length > max) {
      await reader?.cancel();
      return undefined;
    }
    chunks.push(part.value);
  }
  return Buffer.concat(chunks).toString();
};

const headersOf = ({ allow }: LevelAnswer): Record<string, string> => ({
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  ...(allow === undefined ? {} : { allow }),
});

const isFetch = (request: IncomingMessage | Request): request is Request =>
  typeof (request.headers as { get?: unknown }).get === 'function';

/**
 * A handler that shows and changes levels at run time, as JSON. GET: the levels of all loggers, the patterns and the changes
 * in force. PUT or POST `{ pattern, level, forMs }` (`*` and no end when left out): changes, in the place of an earlier
 * change of the same pattern. DELETE, with `?pattern=` for one: takes such changes back. The query is not logged here.
 * @throws TypeError or RangeError naming the option that is unknown or wrong; `authorize` is required.
 */
export const levelHandler = (options: LevelHandlerOptions): LevelHandler => {
  onlyKnown('levelHandler', options, ['authorize', 'maxBodyBytes', 'schedule']);
  const { authorize, maxBodyBytes = 4_096, schedule = unrefTimer } = options;
  if (typeof authorize !== 'function')
    throw new TypeError(
      `authorize must be a function that says who may change levels, got ${describe(authorize)}`,
    );
  if (!Number.isSafeInteger(maxBodyBytes) || maxBodyBytes < 1)
    throw new RangeError(`maxBodyBytes must be an integer >= 1, got ${describe(maxBodyBytes)}`);
  checkFunction('schedule', schedule);

  const answer = async (original: IncomingMessage | Request, request: LevelRequest): Promise<LevelAnswer> => {
    try {
      if ((await authorize(original)) !== true) return forbidden;
    } catch (error) {
      publishFailure({ source: 'levelHandler authorize', error });
      return forbidden;
    }
    try {
      return await answerLevels(request, schedule);
    } catch {
      return { status: 400, body: { error: 'the body could not be read' } };
    }
  };

  const onFetch = async (request: Request): Promise<Response> => {
    const given = await answer(request, {
      method: request.method,
      search: searchOf(request.url),
      contentType: request.headers.get('content-type') ?? '',
      body: () => fetchBody(request, maxBodyBytes),
    });
    const text = request.method === 'HEAD' ? null : JSON.stringify(given.body);
    return new Response(text, { status: given.status, headers: headersOf(given) });
  };

  const onNode = async (request: Parsed, response: ServerResponse): Promise<void> => {
    const given = await answer(request, {
      method: request.method ?? 'GET',
      search: searchOf(request.originalUrl ?? request.url ?? ''),
      contentType: request.headers['content-type'] ?? '',
      body: () => nodeBody(request, maxBodyBytes),
    });
    if (response.headersSent || response.destroyed) return;
    const text = JSON.stringify(given.body);
    // What is left of a body is not read, so that the connection cannot serve another request.
    const { 'content-length': length = '0', 'transfer-encoding': chunked } = request.headers;
    const unread =
      request.httpVersionMajor < 2 && (length !== '0' || chunked !== undefined) && !request.readableEnded;
    response.writeHead(given.status, {
      ...headersOf(given),
      'content-length': Buffer.byteLength(text),
      ...(unread ? { connection: 'close' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  };

  return ((request: IncomingMessage | Request, response?: ServerResponse) =>
    isFetch(request) ? onFetch(request) : onNode(request, response as ServerResponse)) as LevelHandler;
};
