/** `fetch`, as far as it is used here. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

const redirects = new Set([301, 302, 303, 307, 308]);
const most = 20;
const ofBody = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length'];
const ofOrigin = ['authorization', 'proxy-authorization', 'cookie', 'host'];

/** One request, as it is sent to one address. */
export interface Hop {
  readonly url: URL;
  readonly init: RequestInit;
}

/**
 * The request that a redirect asks for, by the rules of the fetch standard; undefined for an answer that is none.
 * @throws TypeError, as fetch does, where it leads nowhere or would send a stream twice.
 */
const redirected = (from: Hop, answer: Response): Hop | undefined => {
  const location = answer.headers.get('location');
  if (!redirects.has(answer.status) || location === null) return undefined;
  if (!URL.canParse(location, from.url.href))
    throw new TypeError('fetch failed', { cause: new Error(`redirected to ${location}, which is no URL`) });
  const url = new URL(location, from.url.href);
  if (!/^https?:$/.test(url.protocol))
    throw new TypeError('fetch failed', { cause: new Error(`redirected to ${url.protocol}`) });

  const headers = new Headers(from.init.headers);
  const method = (from.init.method ?? 'GET').toUpperCase();
  const { status } = answer;
  const becomesGet =
    ([301, 302].includes(status) && method === 'POST') ||
    (status === 303 && method !== 'GET' && method !== 'HEAD');
  if (url.origin !== from.url.origin) for (const name of ofOrigin) headers.delete(name);
  if (becomesGet) {
    for (const name of ofBody) headers.delete(name);
    const { body: _body, ...rest } = from.init;
    return { url, init: { ...rest, method: 'GET', headers } };
  }
  if (from.init.body instanceof ReadableStream)
    throw new TypeError('fetch failed', { cause: new Error('a redirect would send a stream again') });
  return { url, init: { ...from.init, headers } };
};

/**
 * Follows redirects one by one, each sent by `send`, so that each address is asked about. What it gives differs from
 * fetch's own in one point: `redirected` is false.
 */
export const following = async (
  first: Hop,
  send: (hop: Hop, redirect: 'manual') => Promise<Response>,
): Promise<Response> => {
  let hop = first;
  for (let count = 0; ; count++) {
    const answer = await send(hop, 'manual');
    const next = redirected(hop, answer);
    if (next === undefined) return answer;
    await answer.body?.cancel().catch(() => {});
    if (count === most) throw new TypeError('fetch failed', { cause: new Error('redirect count exceeded') });
    hop = next;
  }
};
