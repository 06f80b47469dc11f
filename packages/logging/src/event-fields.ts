/** What a field of a typed event may be; with `?` behind it, it may be left out. An array lists the texts that are allowed. */
export type FieldType = FieldTypeName | `${FieldTypeName}?` | readonly [string, ...string[]];

type FieldTypeName =
  | 'string'
  | 'number'
  | 'boolean'
  | 'bigint'
  | 'date'
  | 'array'
  | 'object'
  | 'error'
  | 'unknown';

interface TypeOf {
  string: string;
  number: number;
  boolean: boolean;
  bigint: bigint;
  date: Date;
  array: readonly unknown[];
  object: object;
  /** Whatever was caught. */
  error: unknown;
  unknown: unknown;
}

type ValueOf<Type> = Type extends readonly string[]
  ? Type[number]
  : Type extends `${infer Name extends FieldTypeName}?`
    ? TypeOf[Name] | undefined
    : Type extends FieldTypeName
      ? TypeOf[Type]
      : never;

type Optional<Fields> = {
  [Name in keyof Fields]: Fields[Name] extends `${string}?` ? Name : never;
}[keyof Fields];

/** The fields of an event as its caller gives them. */
export type FieldsOf<Fields> = {
  [Name in Exclude<keyof Fields, Optional<Fields>>]: ValueOf<Fields[Name]>;
} & {
  [Name in Optional<Fields>]?: ValueOf<Fields[Name]>;
};

const checks: Record<FieldTypeName, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  bigint: (value) => typeof value === 'bigint',
  date: (value) => value instanceof Date,
  array: (value) => Array.isArray(value),
  object: (value) => typeof value === 'object' && value !== null,
  error: () => true,
  unknown: () => true,
};

export const isFieldType = (type: unknown): type is FieldType =>
  typeof type === 'string'
    ? Object.hasOwn(checks, type.replace(/\?$/, ''))
    : Array.isArray(type) && type.length > 0 && type.every((item) => typeof item === 'string');

export const fieldTypeNames: readonly string[] = Object.keys(checks);

/** What kind of value it is; never the value, which may be a secret. */
const kindOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return value instanceof Date ? 'date' : typeof value;
};

/** @returns what is wrong with the value, or undefined. */
const misfit = (name: string, type: FieldType, given: boolean, value: unknown): string | undefined => {
  const optional = typeof type === 'string' && type.endsWith('?');
  if (value === undefined && (optional || (given && type === 'unknown') || (given && type === 'error')))
    return undefined;
  if (!given || value === undefined) return `${name} is missing`;
  if (typeof type === 'string') {
    const kind = type.replace(/\?$/, '') as FieldTypeName;
    return checks[kind](value) ? undefined : `${name} must be ${kind}, got ${kindOf(value)}`;
  }
  if (type.includes(value as string)) return undefined;
  return `${name} must be one of ${type.join(', ')}, got ${typeof value === 'string' ? 'another text' : kindOf(value)}`;
};

/** What is wrong with the fields of an event; never throws. */
export const fieldMisfits = (
  types: Readonly<Record<string, FieldType>>,
  fields: Readonly<Record<string, unknown>>,
): string[] => {
  try {
    const wrong = Object.keys(types).map((name) =>
      misfit(name, types[name]!, Object.hasOwn(fields, name), fields[name]),
    );
    const unknown = Object.keys(fields).filter((name) => !Object.hasOwn(types, name));
    return [
      ...wrong.filter((text) => text !== undefined),
      ...unknown.map((name) => `${name} is not a field of it`),
    ];
  } catch {
    return ['the fields cannot be read'];
  }
};
