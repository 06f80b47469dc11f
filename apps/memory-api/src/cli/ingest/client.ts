import { type Pipeline, pipeline, type TimeSource } from '@agent4/resilience';
import { retryAfterMs } from '../../domain/retry-after.ts';
import { failureOf, printable } from '../server/connection.ts';

/** The server refused, failed, or gave no answer. The code is the server's own where it gave one. */
export class ApiError extends Error {
  static {
    Object.defineProperty(ApiError.prototype, 'name', { value: 'ApiError' });
  }
  readonly code: string;
  /** Undefined when no answer came. */
  readonly status: number | undefined;
  readonly retryable: boolean;
  /** Every request bears a key, so the policy may repeat it. */
  readonly safety = 'idempotent-only';
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: ErrorOptions & {
      code: string;
      status?: number | undefined;
      retryable: boolean;
      retryAfterMs?: number | undefined;
    },
  ) {
    super(message, options);
    this.code = options.code;
    this.status = options.status;
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export interface NewMemory {
  userId: string;
  app: string;
  text: string;
  metadata: Record<string, unknown>;
  key: string;
}

export interface ClientOptions extends TimeSource {
  /** Without a trailing slash. */
  url: string;
  /** Default: the platform's. */
  fetch?: typeof fetch | undefined;
  /** The wall clock, for a Retry-After that is a date. Default `Date.now`. */
  now?: (() => number) | undefined;
  /** For the spread of waits. Default `Math.random`. */
  random?: (() => number) | undefined;
}

export interface Client {
  /** Asks once whether the API is there, and makes the user. @throws ApiError; without `status` nobody answers. */
  connect(userId: string, signal: AbortSignal): Promise<void>;
  /** Makes the user unless it was seen before; one request for many callers. */
  ensureUser(userId: string, signal: AbortSignal): Promise<void>;
  /** Adds a memory, or answers `existing` when the server had it under this key. */
  add(memory: NewMemory, signal: AbortSignal): Promise<'added' | 'existing'>;
  /** What stands between us and the server; its `retry` events tell why one waits. */
  readonly policy: Pipeline;
}

/** A restart of the server takes seconds, a restart of its machine less than the sum of these waits (18 to 36 s). */
const RETRY = { maxAttempts: 8, initialDelayMs: 500, maxDelayMs: 10_000, jitter: 'equal' } as const;
const ATTEMPT_MS = 30_000;
const MAX_RETRY_AFTER_MS = 300_000;

/** The part of the memory API that ingestion uses. Every request may be repeated, so failures of the moment are retried. */
export const createClient = (options: ClientOptions): Client => {
  const { url, clock, timers, random, now = Date.now } = options;
  const send = options.fetch ?? fetch;
  const policy = pipeline({
    name: 'memory-api',
    clock,
    timers,
    retry: { ...RETRY, random, idempotent: true, maxRetryAfterMs: MAX_RETRY_AFTER_MS },
    timeoutMs: ATTEMPT_MS,
  });
  const users = new Map<string, Promise<void>>();

  const post = async (
    path: string,
    body: unknown,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<{ replayed: boolean }> => {
    let response: Response;
    let text: string;
    try {
      response = await send(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
        body: JSON.stringify(body),
        redirect: 'manual',
        signal,
      });
      text = await response.text();
    } catch (cause) {
      signal.throwIfAborted();
      throw new ApiError('no answer', { code: failureOf(cause), retryable: true, cause });
    }
    const answer = objectOf(text);
    if (!response.ok) throw refusal(response, answer, now());
    if (typeof answer?.id !== 'string')
      throw new ApiError('the answer is not that of the memory API', {
        code: 'ANSWER_INVALID',
        status: response.status,
        retryable: false,
      });
    return { replayed: response.headers.get('idempotency-replayed') === 'true' };
  };
  const postUser = async (userId: string, signal: AbortSignal): Promise<void> => {
    await post('/api/v1/users', { user_id: userId }, {}, signal);
  };
  const ensureUser = (userId: string, signal: AbortSignal): Promise<void> => {
    const known = users.get(userId);
    if (known !== undefined) return known;
    const made = policy.execute((context) => postUser(userId, context.signal), signal);
    users.set(userId, made);
    made.catch(() => users.delete(userId));
    return made;
  };

  return {
    policy,
    ensureUser,
    async connect(userId, signal) {
      try {
        await postUser(userId, AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]));
        users.set(userId, Promise.resolve());
      } catch (error) {
        // A server that answers is there, if busy; one that does not is not worth half a minute of waiting.
        if (!(error instanceof ApiError) || error.status === undefined || !error.retryable) throw error;
        await ensureUser(userId, signal);
      }
    },
    async add({ userId, app, text, metadata, key }, signal) {
      const body = { user_id: userId, text, metadata, app, infer: false };
      const { replayed } = await policy.execute(
        (context) => post('/api/v1/memories/', body, { 'idempotency-key': key }, context.signal),
        signal,
      );
      return replayed ? 'existing' : 'added';
    },
  };
};

const objectOf = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};

const refusal = (
  { status, headers }: Response,
  answer: Record<string, unknown> | undefined,
  now: number,
): ApiError =>
  new ApiError(printable(detailOf(answer?.detail) ?? `the server answered ${status}`), {
    code: typeof answer?.code === 'string' ? printable(answer.code) : `HTTP_${status}`,
    status,
    retryable: status === 429 || status >= 500,
    retryAfterMs: retryAfterMs(headers.get('retry-after'), now),
  });

/** `detail` is a sentence, or for a request that does not fit a list of what does not. */
const detailOf = (detail: unknown): string | undefined => {
  if (typeof detail === 'string') return detail;
  if (!Array.isArray(detail)) return undefined;
  return detail
    .map(({ loc, msg }: { loc?: unknown; msg?: unknown }) => {
      const place = Array.isArray(loc) ? loc.slice(1).join('.') : '';
      return place === '' ? String(msg) : `${place}: ${String(msg)}`;
    })
    .join('; ');
};
