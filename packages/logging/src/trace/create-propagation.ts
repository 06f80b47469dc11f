import { describe } from '../describe.ts';
import { publishFailure } from '../events.ts';
import { type Carrier, hasValue, setValue } from './carrier.ts';
import { correlatedFetchOf } from './correlated-fetch.ts';
import { correlatedRequestOf, type HttpRequest } from './correlated-request.ts';
import { type ExtractedFields, extractFields, headerReader } from './extract.ts';
import { missing, withHeaders } from './header-shapes.ts';
import { type HeaderGroup, outgoingGroups } from './outgoing.ts';
import { type PropagationOptions, propagationSettings } from './settings.ts';

/** Carries the context between processes: the correlation id, the trace, the allowed baggage. No part needs `this`. */
export interface Propagation {
  /**
   * Adds the headers of the context to a message: `x-request-id`, `traceparent`, `tracestate`, `baggage`. A header that is
   * there, in any case, stays; with its `traceparent` a message keeps its `tracestate`.
   * @param carrier A plain object, anything with `get` and `set` (Map, Headers, AxiosHeaders), or a function that sets one
   * header. One that throws or is frozen is told as a failure, and the call goes on.
   * @returns The carrier, a new object by default.
   * @throws TypeError when it is none of these.
   */
  inject<Into extends object = Record<string, string>>(carrier?: Into): Into;
  /**
   * Reads the headers of a message, for `CorrelationContext.run(extract(message.headers), work)`: what is valid and allowed,
   * with a new span id and the sender's as `parentSpanId`. Never throws; without anything it gives no fields.
   * @param carrier As of `inject`, with texts, bytes or lists of them as values, or a function that gives one header.
   */
  extract(carrier: Carrier | ((name: string) => unknown) | object | null | undefined): ExtractedFields;
  /**
   * A copy of the headers of a call to another service, in the shape they came in, with those of the context that are not
   * among them. Shapes: plain object, Headers, AxiosHeaders, Map, list of pairs, flat list.
   * @param target The address; needed when `only` was given, because without it nothing may be told.
   * @throws TypeError for what is no shape of headers, or a target that is missing or no URL.
   */
  outgoingHeaders(existing?: null | undefined, target?: string | URL): Record<string, string>;
  outgoingHeaders<Shape extends object>(existing: Shape | null | undefined, target?: string | URL): Shape;
  /**
   * `fetch` whose calls carry the headers of the context they are made in. It throws and rejects as fetch does.
   * @param fetch Default the global one at the time of the call. @throws TypeError when it is no function.
   */
  correlatedFetch<Given extends (...args: never[]) => Promise<unknown> = typeof globalThis.fetch>(
    fetch?: Given,
  ): Given;
  /**
   * `http.request`, `http.get` or their siblings of node:https, whose calls carry the headers of the context.
   * @throws TypeError when it is no function.
   */
  correlatedRequest<Given extends HttpRequest>(request: Given): Given;
}

/**
 * A propagation with options of its own; without any it is what the entry exports by itself.
 * @throws TypeError naming the option that is unknown or wrong.
 */
export const createPropagation = (options: PropagationOptions = {}): Propagation => {
  const settings = propagationSettings('createPropagation', options);
  const { isAllowed } = settings;
  const groupsFor = (url: URL | undefined): readonly HeaderGroup[] =>
    isAllowed === undefined || (url !== undefined && isAllowed(url)) ? outgoingGroups(settings) : [];

  const inject = (carrier: unknown = {}): unknown => {
    // On a list the headers would be properties that nobody sends.
    if ((typeof carrier !== 'object' && typeof carrier !== 'function') || !carrier || Array.isArray(carrier))
      throw new TypeError(`carrier must be an object or a function, got ${describe(carrier)}`);
    try {
      const groups = outgoingGroups(settings);
      if (typeof carrier === 'function')
        for (const [name, value] of groups.flat()) Reflect.apply(carrier, undefined, [name, value]);
      else
        for (const [name, value] of missing(groups, (name) => hasValue(carrier, name)))
          setValue(carrier, name, value);
    } catch (error) {
      publishFailure({ source: 'inject', error });
    }
    return carrier;
  };

  const outgoingHeaders = (existing?: unknown, target?: string | URL): unknown => {
    if (target === undefined && isAllowed !== undefined)
      throw new TypeError('target must be given, because only is: no address, no ids');
    const address = target === undefined ? undefined : describe(target);
    if (address !== undefined && !URL.canParse(address))
      throw new TypeError(`target must be an absolute URL, got ${address}`);
    return withHeaders(existing, groupsFor(address === undefined ? undefined : new URL(address)));
  };

  return {
    inject: inject as Propagation['inject'],
    extract: (carrier) => extractFields(headerReader(carrier), settings),
    outgoingHeaders: outgoingHeaders as Propagation['outgoingHeaders'],
    correlatedFetch: ((fetch?: unknown) =>
      correlatedFetchOf(fetch, groupsFor, isAllowed !== undefined)) as Propagation['correlatedFetch'],
    correlatedRequest: ((request: unknown) =>
      correlatedRequestOf(request, groupsFor)) as Propagation['correlatedRequest'],
  };
};
