import { describe } from '../describe.ts';
import { publishFailure } from '../events.ts';

/** Says whether a server may be told our ids. */
export type IsAllowed = (url: URL) => boolean;

const originOf = (text: unknown): string | undefined => {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined;
  const { origin, protocol, href } = new URL(text);
  // A path would be believed to narrow the origin, and it does not.
  return /^https?:$/.test(protocol) && href === `${origin}/` ? origin : undefined;
};

/** @throws TypeError unless it is undefined, a function or an array of origins such as `https://api.example`. */
export const allowedOrigins = (only: unknown): IsAllowed | undefined => {
  if (only === undefined) return undefined;
  if (typeof only === 'function')
    return (url) => {
      try {
        return Reflect.apply(only, undefined, [url]) === true;
      } catch (error) {
        // In doubt nothing is told to a stranger.
        publishFailure({ source: 'only', error });
        return false;
      }
    };
  const wanted = 'only must be a function or an array of origins such as https://api.example';
  if (!Array.isArray(only)) throw new TypeError(`${wanted}, got ${describe(only)}`);
  const origins = new Set<string>();
  for (const item of only) {
    const origin = originOf(item);
    if (origin === undefined) throw new TypeError(`${wanted}, got ${describe(item)}`);
    origins.add(origin);
  }
  return (url) => origins.has(url.origin);
};
