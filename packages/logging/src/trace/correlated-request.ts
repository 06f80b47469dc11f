import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { describe } from '../describe.ts';
import type { GroupsFor } from './correlated-fetch.ts';
import { withHeaders } from './header-shapes.ts';

type Callback = (response: IncomingMessage) => void;

/** `request` or `get` of node:http and node:https. */
export interface HttpRequest {
  (options: RequestOptions | string | URL, callback?: Callback): ClientRequest;
  (url: string | URL, options: RequestOptions, callback?: Callback): ClientRequest;
}

/** Where node will connect to: options count before the address, `hostname` before `host`. */
const targetOf = (
  options: RequestOptions & { _defaultAgent?: unknown },
  secure: boolean,
): URL | undefined => {
  // A socket in the file system has no origin that a list could name.
  if (options.socketPath) return undefined;
  const agent = options.agent as { protocol?: string } | undefined | boolean;
  const protocol =
    options.protocol ??
    (typeof agent === 'object' ? agent?.protocol : undefined) ??
    (secure ? 'https:' : 'http:');
  const host = (options.hostname || options.host || 'localhost').replace(/^([^[].*:.*)$/, '[$1]');
  const port = options.port ?? options.defaultPort;
  // Behind a host, a path such as `@other.example` would make a user's name of it.
  const path = options.path?.startsWith('/') ? options.path : '/';
  const text = `${protocol}//${host}${port ? `:${port}` : ''}${path}`;
  return URL.canParse(text) ? new URL(text) : undefined;
};

export const correlatedRequestOf = (request: unknown, groupsFor: GroupsFor): HttpRequest => {
  if (typeof request !== 'function')
    throw new TypeError(`request must be http.request or its like, got ${describe(request)}`);
  const secure = request === https.request || request === https.get;
  return ((...args: unknown[]) => {
    const [first] = args;
    const url = typeof first === 'string' || first instanceof URL ? first : undefined;
    // An address that is none is node's to refuse.
    if (typeof url === 'string' && !URL.canParse(url)) return Reflect.apply(request, undefined, args);
    const rest = url === undefined ? args : args.slice(1);
    const options = (typeof rest[0] === 'object' && rest[0] !== null ? rest.shift() : {}) as RequestOptions;
    const target = targetOf(
      url === undefined ? options : { ...urlToHttpOptions(new URL(url)), ...options },
      secure,
    );
    const given = { ...options, headers: withHeaders(options.headers, groupsFor(target)) };
    // Behind the options node expects the callback, and takes an undefined there for none.
    const left = rest.filter((item) => item !== undefined);
    return Reflect.apply(request, undefined, url === undefined ? [given, ...left] : [url, given, ...left]);
  }) as HttpRequest;
};
