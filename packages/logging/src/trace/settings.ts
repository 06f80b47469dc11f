import { describe } from '../describe.ts';
import { onlyKnown } from '../only-known.ts';
import { isBaggageName } from './baggage.ts';
import { allowedOrigins, type IsAllowed } from './origins.ts';
import { randomSpanId } from './span-ids.ts';
import { isSpanId } from './traceparent.ts';

export interface PropagationOptions {
  /** The header of the correlation id. Default `x-request-id`; `x-correlation-id` is read after it. */
  header?: string | undefined;
  /** Names of the baggage that is read and sent, told apart by case. Default none. */
  baggage?: readonly string[] | undefined;
  /**
   * The origins (`https://api.example`) that are told our ids, or a function that says so of an address; a function that
   * throws says no. Queues are not asked about. Default all.
   */
  only?: readonly string[] | ((url: URL) => boolean) | undefined;
  /** 16 lower-case hex digits for a new span. Default random. */
  generateSpanId?: (() => string) | undefined;
}

export interface PropagationSettings {
  readonly header: string;
  readonly baggage: ReadonlySet<string>;
  readonly isAllowed: IsAllowed | undefined;
  readonly newSpanId: () => string;
}

/** @throws TypeError naming `header` unless it is a header name or undefined. @returns It in lower case. */
export const headerName = (value: unknown = 'x-request-id'): string => {
  if (typeof value !== 'string' || !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(value))
    throw new TypeError(`header must be a header name, got ${describe(value)}`);
  return value.toLowerCase();
};

/** @throws TypeError naming `baggage` unless it is an array of baggage names or undefined. */
export const baggageNames = (value: unknown = []): ReadonlySet<string> => {
  if (!Array.isArray(value) || !value.every(isBaggageName))
    throw new TypeError(`baggage must be an array of names without spaces, got ${describe(value)}`);
  return new Set(value);
};

/** Ids of this generator, or random ones while it throws or gives none: it must not fail a request. @throws TypeError for no function. */
export const spanIdsOf = (value: unknown = randomSpanId): (() => string) => {
  if (typeof value !== 'function')
    throw new TypeError(`generateSpanId must be a function, got ${describe(value)}`);
  if (value === randomSpanId) return randomSpanId;
  return () => {
    try {
      const id: unknown = Reflect.apply(value, undefined, []);
      if (isSpanId(id)) return id;
    } catch {}
    return randomSpanId();
  };
};

/** @throws TypeError naming the option that is unknown or wrong. */
export const propagationSettings = (owner: string, options: PropagationOptions): PropagationSettings => {
  onlyKnown(owner, options, ['header', 'baggage', 'only', 'generateSpanId']);
  return {
    header: headerName(options.header),
    baggage: baggageNames(options.baggage),
    isAllowed: allowedOrigins(options.only),
    newSpanId: spanIdsOf(options.generateSpanId),
  };
};
