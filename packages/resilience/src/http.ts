// The whole public surface of @agent4/resilience/http: probes for orchestrators and load balancers.
import type { HealthReport, Liveness } from './health.ts';
import { flag, onlyKnown, optionalFunction, show } from './validate.ts';

/** What is used of a `HealthRegistry`. */
export interface HealthRegistryLike {
  report(): Promise<HealthReport>;
  readiness(): Promise<HealthReport>;
  liveness(): Liveness;
}

/** What is read of a request of `node:http`, Express and their like. */
export interface NodeRequest {
  readonly url?: string | undefined;
  readonly method?: string | undefined;
}

/** What is used of a response of `node:http`. */
export interface NodeResponse {
  readonly headersSent: boolean;
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body?: string): unknown;
}

export interface HealthHandlerOptions<R> {
  /** Show the checks, not only the status. Default false. Excludes `authorize`. */
  details?: boolean | undefined;
  /** Decides for each request whether it sees the checks; throwing means no. */
  authorize?: ((request: R) => boolean | PromiseLike<boolean>) | undefined;
  /** What comes before `/live`, `/ready` and `/health`. Default nothing. */
  basePath?: string | undefined;
}

/** For `http.createServer`, `app.use` of Express, and for servers that take a `Request` and want a `Response`. */
export interface HealthHandler<R> {
  /** Answers a path that is not ours with 404. */
  (request: R & Request): Promise<Response>;
  /** Leaves a path that is not ours to `next`; without one, 404. */
  (request: R & NodeRequest, response: NodeResponse, next?: () => void): Promise<void>;
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * Serves `/live` (the process runs; asks no dependency), `/ready` (the critical checks) and `/health` (all checks) as JSON:
 * 200, or 503 when down. GET and HEAD alone; never cached. The handler rejects with what `next` throws, and with nothing else.
 * @throws TypeError here, for an option that makes no sense.
 */
export function healthHandler<R = Request | NodeRequest>(
  registry: HealthRegistryLike,
  options: HealthHandlerOptions<R> = {},
): HealthHandler<R> {
  for (const method of ['report', 'readiness', 'liveness'] as const) {
    if (typeof registry?.[method] !== 'function')
      throw new TypeError(`registry must be a HealthRegistry, got ${show(registry)}`);
  }
  onlyKnown('healthHandler', options, ['details', 'authorize', 'basePath']);
  const { authorize } = options;
  const always = flag('details', options.details) ?? false;
  optionalFunction('authorize', authorize);
  if (options.details !== undefined && authorize !== undefined)
    throw new TypeError('give one of details and authorize, got both');
  const base = basePathOf(options.basePath ?? '');

  const sees = async (request: R): Promise<boolean> => {
    try {
      return authorize === undefined ? always : (await authorize(request)) === true;
    } catch {
      return false;
    }
  };
  const documents: Record<string, () => Liveness | Promise<HealthReport>> = {
    [`${base}/live`]: () => registry.liveness(),
    [`${base}/ready`]: () => registry.readiness(),
    [`${base}/health`]: () => registry.report(),
  };
  /** Undefined for a path that is not ours. */
  const answer = async (request: R, path: string, method: string): Promise<Answer | undefined> => {
    const document = Object.hasOwn(documents, path) ? documents[path] : undefined;
    if (document === undefined) return undefined;
    if (method !== 'GET' && method !== 'HEAD')
      return answerOf(405, { status: 'method not allowed' }, { allow: 'GET, HEAD' });
    try {
      const whole = await document();
      const shown = (await sees(request)) ? whole : { status: whole.status };
      return answerOf(whole.status === 'down' ? 503 : 200, shown);
    } catch {
      // A registry of somebody else's making may fail; a probe must have an answer all the same.
      return answerOf(503, { status: 'down' });
    }
  };

  const serve = async (
    request: R & (Request | NodeRequest),
    response?: NodeResponse,
    next?: () => void,
  ): Promise<Response | undefined> => {
    const method = request.method ?? 'GET';
    const found = await answer(request, pathOf(request.url ?? '/'), method);
    if (response === undefined) {
      const { status, headers, body } = found ?? notFound();
      return new Response(method === 'HEAD' ? null : body, { status, headers });
    }
    if (found === undefined && next !== undefined) next();
    else if (!response.headersSent) {
      const { status, headers, body } = found ?? notFound();
      response.statusCode = status;
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      if (method === 'HEAD') response.end();
      else response.end(body);
    }
    return undefined;
  };
  return serve as HealthHandler<R>;
}

const answerOf = (status: number, document: object, more: Record<string, string> = {}): Answer => {
  const body = JSON.stringify(document);
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      ...more,
    },
    body,
  };
};

const notFound = (): Answer => answerOf(404, { status: 'not found' });

/** The path of a URL, whole (a `Request`) or from the first slash on (node), without query and without a slash at the end. */
const pathOf = (url: string): string => {
  const path = url.replace(/^[a-z][a-z+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
};

const basePathOf = (value: string): string => {
  if (typeof value === 'string' && (value === '' || /^(\/[\w.~-]+)+$/.test(value))) return value;
  throw new TypeError(`basePath must be "" or a path such as "/internal", got ${show(value)}`);
};
