import { describe } from '../describe.ts';
import { withHeaders } from './header-shapes.ts';
import type { HeaderGroup } from './outgoing.ts';
import { type Fetch, following, type Hop } from './redirects.ts';

/** What a call to this address carries; `undefined` where it cannot be known. */
export type GroupsFor = (url: URL | undefined) => readonly HeaderGroup[];

const isRequest = (input: unknown): input is Request =>
  typeof input === 'object' &&
  input !== null &&
  !(input instanceof URL) &&
  'headers' in input &&
  'url' in input;

const urlOf = (input: unknown): URL | undefined => {
  const text = isRequest(input) ? input.url : String(input);
  return URL.canParse(text) ? new URL(text) : undefined;
};

/** What later requests of the same call need, in one `init`. */
const initOf = (input: string | URL | Request, init: RequestInit | undefined): RequestInit => {
  if (!isRequest(input)) return { ...init };
  const { method, headers, body, signal } = input;
  return { method, body, signal, ...init, headers: init?.headers ?? headers };
};

/** @param strict Redirects are followed one by one, because not every address may get the same. */
export const correlatedFetchOf = (fetch: unknown, groupsFor: GroupsFor, strict: boolean): Fetch => {
  if (fetch !== undefined && typeof fetch !== 'function')
    throw new TypeError(`fetch must be a function, got ${describe(fetch)}`);
  return async (input, init) => {
    const call = (fetch ?? globalThis.fetch) as Fetch;
    const url = urlOf(input);
    const headersOf = (given: RequestInit, target: URL | undefined): NonNullable<RequestInit['headers']> =>
      withHeaders(given.headers, groupsFor(target)) as NonNullable<RequestInit['headers']>;
    const whole = initOf(input, init);
    const mode = init?.redirect ?? (isRequest(input) ? input.redirect : undefined) ?? 'follow';
    if (!strict || url === undefined || mode !== 'follow')
      return call(input, { ...init, headers: headersOf(whole, url) });
    const first: Hop = { url, init: whole };
    return following(first, (hop, redirect) => {
      const headers = headersOf(hop.init, hop.url);
      // The first request is sent as it was given, for a Request has more to it than can be read.
      if (hop === first) return call(input, { ...init, headers, redirect });
      return call(hop.url.href, { ...hop.init, headers, redirect });
    });
  };
};
