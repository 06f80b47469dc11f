import { types } from 'node:util';

/** Headers by name: of a message, a request, or anything that has `get` and `set` (Map, Headers, AxiosHeaders). */
export type Carrier = Record<string, unknown> | CarrierMap;

export interface CarrierMap {
  get(name: string): unknown;
  set(name: string, value: string): unknown;
}

const mostNames = 1_000;
const mostBytes = 8_192;

/** Has it `get` and `set`, as Map, Headers and AxiosHeaders have? */
export const isMap = (carrier: object): carrier is CarrierMap & { keys?: () => Iterable<unknown> } =>
  typeof (carrier as CarrierMap).get === 'function' && typeof (carrier as CarrierMap).set === 'function';

const namesOf = (carrier: object): Iterable<unknown> => {
  if (!isMap(carrier)) return Object.keys(carrier);
  return typeof carrier.keys === 'function' ? carrier.keys() : [];
};

/** The carrier's own spelling of a lower-case name, for carriers that tell cases apart. */
const spelling = (carrier: object, name: string): string | undefined => {
  let seen = 0;
  for (const key of namesOf(carrier)) {
    if (typeof key === 'string' && key.length === name.length && key.toLowerCase() === name) return key;
    if (++seen === mostNames) return undefined;
  }
  return undefined;
};

/** The value under a lower-case name, in whatever case the carrier has it. Throws what a hostile carrier throws. */
export const rawValue = (carrier: object, name: string): unknown => {
  if (isMap(carrier)) {
    const value = carrier.get(name);
    if (value !== undefined && value !== null) return value;
  } else if (Object.hasOwn(carrier, name)) {
    return Reflect.get(carrier, name);
  }
  const own = spelling(carrier, name);
  if (own === undefined) return undefined;
  return isMap(carrier) ? carrier.get(own) : Reflect.get(carrier, own);
};

/** Has the carrier a value under that name, in any case? What is null in a plain object was left out on purpose. */
export const hasValue = (carrier: object, name: string): boolean => {
  const value = rawValue(carrier, name);
  return value !== undefined && (value !== null || !isMap(carrier));
};

/** @throws TypeError for a frozen object, and whatever the carrier throws. */
export const setValue = (carrier: object, name: string, value: string): void => {
  if (isMap(carrier)) carrier.set(name, value);
  else if (!Reflect.set(carrier, name, value)) throw new TypeError(`the carrier does not take "${name}"`);
};

/** A header value as text: texts, and the bytes that Kafka and AMQP clients give. Several values are joined as in HTTP. */
export const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value;
  if (types.isUint8Array(value))
    return value.byteLength > mostBytes ? undefined : Buffer.from(value).toString('utf8');
  if (!Array.isArray(value) || value.length > mostNames) return undefined;
  const texts = value.map((item) => (Array.isArray(item) ? undefined : textOf(item)));
  return texts.every((text) => text !== undefined) ? texts.join(',') : undefined;
};
