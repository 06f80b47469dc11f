import { createHmac } from 'node:crypto';
import type { AlertNotice } from './alert-notice.ts';
import type { AlertSink } from './alert-queue.ts';
import { compose } from './compose.ts';
import { errorCode } from './error-code.ts';
import { retry } from './retry.ts';
import { timeout } from './timeout.ts';
import type { TimeSource } from './timers.ts';
import { unrefTimers } from './unref-timers.ts';
import { duration, integer, onlyKnown, optionalFunction, show, timeSource } from './validate.ts';
import { wallClock } from './wall-clock.ts';

/** What is used of `fetch`. */
export type FetchLike = (
  url: string,
  init: {
    method: 'POST';
    headers: Record<string, string>;
    body: string;
    redirect: 'manual';
    signal: AbortSignal;
  },
) => Promise<{
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body?: { cancel(): Promise<unknown> } | null;
}>;

export interface WebhookOptions extends TimeSource, Pick<AlertSink, 'name' | 'maxQueued'> {
  /** Absolute, http or https, without user and password in it. May be a secret: it is in no event and no error. */
  url: string;
  /** Sent with each request, such as `authorization`. In no event and no error either. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Signs each request as Standard Webhooks do (`webhook-id`, `webhook-timestamp`, `webhook-signature`). `whsec_…` is base64. */
  signingSecret?: string | undefined;
  /** The JSON to send. Default: the notice itself. */
  body?: ((notice: AlertNotice) => unknown) | undefined;
  /** One request may take so long. Default 5_000. */
  attemptTimeoutMs?: number | undefined;
  /** All requests of one notice, waits included. Default 30_000. */
  timeoutMs?: number | undefined;
  /** All requests of one notice, the first included. Default 4. */
  maxAttempts?: number | undefined;
  /** Wait before the second request, doubled each time, with full jitter; a Retry-After is a minimum. Default 500. */
  initialDelayMs?: number | undefined;
  random?: (() => number) | undefined;
  /** Wall clock of the signature. Default `Date.now`. */
  now?: (() => number) | undefined;
  /** Default: the global `fetch`. */
  fetch?: FetchLike | undefined;
}

const OPTIONS = [
  ...['url', 'headers', 'signingSecret', 'body', 'attemptTimeoutMs', 'timeoutMs', 'maxAttempts', 'name'],
  ...['initialDelayMs', 'maxQueued', 'random', 'now', 'fetch', 'clock', 'timers'],
];

/** What went wrong, in a word; whatever the transport said may hold the address, which may be a secret. */
class WebhookError extends Error {
  static {
    Object.defineProperty(WebhookError.prototype, 'name', { value: 'WebhookError', writable: true });
  }
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, retryable: boolean, retryAfterMs?: number) {
    super(`Webhook failed: ${code}`);
    this.code = code;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * A sink that posts each notice as JSON. 408, 425, 429, 5xx and no answer at all are tried again; any other status but 2xx, a
 * redirect included, is final. `webhook-id` is the notice's `id` on each try, so that a receiver can drop a repetition.
 * @throws RangeError or TypeError here, for an option that makes no sense; the message never shows url, headers or secret.
 */
export function webhookSink(options: WebhookOptions): AlertSink {
  onlyKnown('webhookSink', options, OPTIONS);
  const url = addressOf(options.url);
  const headers = headersOf(options.headers);
  const key = keyOf(options.signingSecret);
  const shape = optionalFunction('body', options.body) ?? ((notice: AlertNotice): unknown => notice);
  const now = wallClock(options.now);
  // Looked up at each call, so that an instrumentation or a test that replaces it later is seen.
  const send = optionalFunction('fetch', options.fetch) ?? ((to, init) => globalThis.fetch(to, init));
  const { clock, timers: given } = timeSource(options);
  const time = { clock, timers: unrefTimers(given) };
  const timeoutMs = duration('timeoutMs', options.timeoutMs ?? 30_000, { zero: false, infinite: false });
  const attemptTimeoutMs = duration('attemptTimeoutMs', options.attemptTimeoutMs ?? 5_000, {
    zero: false,
    infinite: false,
  });
  const attempts = compose(
    retry({
      ...time,
      name: 'alerts.webhook',
      maxAttempts: integer('maxAttempts', options.maxAttempts ?? 4, 1),
      initialDelayMs: options.initialDelayMs ?? 500,
      random: options.random,
      idempotent: true,
    }),
    timeout({ ...time, name: 'alerts.webhook', ms: attemptTimeoutMs }),
  );

  const post = async (notice: AlertNotice, body: string, signal: AbortSignal): Promise<void> => {
    let response: Awaited<ReturnType<FetchLike>>;
    try {
      response = await send(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers, ...signed(key, notice.id, now(), body) },
        body,
        redirect: 'manual',
        signal,
      });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new WebhookError(transportCode(error), true);
    }
    // An answer that nobody reads would hold its connection. Not awaited: it is delivered, whatever becomes of this.
    response.body?.cancel().catch(() => {});
    const { status } = response;
    if (status >= 200 && status < 300) return;
    const again = status === 408 || status === 425 || status === 429 || status >= 500;
    throw new WebhookError(`HTTP_${status}`, again, retryAfter(response.headers.get('retry-after'), now()));
  };
  return {
    name: options.name ?? 'webhook',
    maxQueued: options.maxQueued,
    timeoutMs,
    send: async (notice, { signal }) => {
      const body = JSON.stringify(shape(notice));
      if (body === undefined) throw new WebhookError('NO_BODY', false);
      await attempts.execute((context) => post(notice, body, context.signal), signal);
    },
  };
}

/** fetch says only "fetch failed"; its cause says why. */
const transportCode = (error: unknown): string => {
  try {
    return errorCode((error as { cause?: unknown } | undefined)?.cause ?? error);
  } catch {
    return errorCode(undefined);
  }
};

const addressOf = (url: unknown): string => {
  // The message does not show what came: an address may hold a token.
  const parsed = typeof url === 'string' ? URL.parse(url) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new TypeError('url must be an absolute http or https address');
  if (parsed.username !== '' || parsed.password !== '')
    throw new TypeError('url must not hold user and password; send them in headers');
  return parsed.href;
};

const headersOf = (given: unknown): Record<string, string> => {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null) throw new TypeError('headers must be an object');
  const entries = Object.entries(given).map(([name, value]): [string, string] => {
    if (
      !/^[\w!#$%&'*+.^`|~-]+$/.test(name) ||
      typeof value !== 'string' ||
      /[^\t\x20-\x7e\x80-\xff]/.test(value)
    )
      throw new TypeError(`headers must be names and values of HTTP, and ${show(name)} or its value is not`);
    return [name.toLowerCase(), value];
  });
  return Object.fromEntries(entries);
};

const keyOf = (secret: unknown): Buffer | undefined => {
  if (secret === undefined) return undefined;
  if (typeof secret !== 'string' || secret === '')
    throw new TypeError('signingSecret must be text that is not empty');
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
  if (key.length === 0) throw new TypeError('signingSecret must hold base64 after whsec_');
  return key;
};

const signed = (key: Buffer | undefined, id: string, now: number, body: string): Record<string, string> => {
  if (key === undefined) return { 'webhook-id': id };
  const seconds = Math.floor(now / 1_000);
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` };
};

/** Seconds, or a date; undefined for what is neither. */
const retryAfter = (header: string | null, now: number): number | undefined => {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
};
