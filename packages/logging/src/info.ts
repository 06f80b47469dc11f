import type winston from 'winston';
import type { Members } from './members.ts';
import type { Key, Rules } from './rules.ts';
import type { Shape } from './shape.ts';

export const LEVEL = Symbol.for('level');
export const MESSAGE = Symbol.for('message');
const SPLAT = Symbol.for('splat');
/** A record as formats and transports get it. */
export type WinstonInfo = winston.Logform.TransformableInfo;

const own = (info: object, key: string, value: unknown): void => {
  Object.defineProperty(info, key, { value, writable: true, enumerable: true, configurable: true });
};

/**
 * A record as winston makes it: fields, level, message. Time and logger's name are inherited: a format may read or replace
 * them, and one that writes all a record has (`json`, `simple`) writes what it would write in winston.
 */
export class Info {
  [field: string]: unknown;
  declare level: string;
  declare message: string;
  [LEVEL]: string;
  [MESSAGE] = '';
  [SPLAT]: unknown[] = [];
  readonly #logger: string;
  #time = '';

  constructor(level: string, logger: string) {
    this[LEVEL] = level;
    this.#logger = logger;
  }

  get timestamp(): string | undefined {
    return #time in this ? this.#time : undefined;
  }
  set timestamp(value: string) {
    own(this, 'timestamp', value);
  }
  get logger(): string | undefined {
    return #logger in this ? this.#logger : undefined;
  }
  set logger(value: string) {
    own(this, 'logger', value);
  }

  static setTime(info: Info, time: string): void {
    info.#time = time;
  }
  static timeOf(info: object): string | undefined {
    return #time in info ? (info as Info).#time : undefined;
  }
}
for (const key of ['constructor', 'timestamp', 'logger'])
  Object.defineProperty(Info.prototype, key, { enumerable: false });

/** A field whose value is read from its text only when somebody looks at it. */
const readLater = (info: object, name: string, text: string): void => {
  Object.defineProperty(info, name, {
    get: () => {
      const value: unknown = JSON.parse(text);
      own(info, name, value);
      return value;
    },
    set: (value: unknown) => own(info, name, value),
    enumerable: true,
    configurable: true,
  });
};

/** Adds a field of the call, as the line has it: redacted, cut, safe. `shown` is its value as text. */
export const addField = (
  info: Info,
  rules: Rules,
  key: Key,
  name: string,
  value: unknown,
  shown: string,
): void => {
  if (name === '__proto__') return;
  const open = !key.secret && (rules.root === undefined || rules.root.step(name) === undefined);
  if (open && isAsShown(value, rules)) info[name] = value;
  else if (typeof value === 'object' && value !== null) readLater(info, name, shown);
  else info[name] = JSON.parse(shown);
};

/** A value that the line has just as it is. */
const isAsShown = (value: unknown, rules: Rules): boolean =>
  typeof value === 'string'
    ? rules.isPlain(value)
    : typeof value === 'boolean' || value === null || (typeof value === 'number' && Number.isFinite(value));

interface LayerValues {
  readonly values: Readonly<Record<string, unknown>>;
  /** Texts of the values that are objects: each record gets a copy of its own. */
  readonly objects: ReadonlyArray<readonly [name: string, text: string]>;
}

const layers = new WeakMap<Members, LayerValues>();

const readLayer = (members: Members): LayerValues => {
  const all = JSON.parse(`{${members.members.join(',')}}`) as Record<string, unknown>;
  const values: Record<string, unknown> = {};
  const objects: Array<[string, string]> = [];
  for (const [name, value] of Object.entries(all)) {
    if (name === '__proto__') continue;
    if (typeof value === 'object' && value !== null) objects.push([name, JSON.stringify(value)]);
    else values[name] = value;
  }
  return { values, objects };
};

/** Adds the fields of a base, a context or bindings. */
export const addLayer = (info: Info, members: Members | undefined): void => {
  if (members === undefined || members.members.length === 0) return;
  let layer = layers.get(members);
  if (layer === undefined) {
    layer = readLayer(members);
    layers.set(members, layer);
  }
  Object.assign(info, layer.values);
  for (const [name, text] of layer.objects) readLater(info, name, text);
};

interface OwnNames {
  readonly top: ReadonlySet<string>;
  /** Undefined where fields stand at the top. */
  readonly attributes: ReadonlySet<string> | undefined;
}

const ownNames = new WeakMap<Shape, OwnNames>();

/** What a line of this shape holds without any field. */
const ownNamesOf = (shape: Shape): OwnNames => {
  let known = ownNames.get(shape);
  if (known === undefined) {
    const { time, head, message, open, close } = shape;
    const line = `${time}${head('info', '""')}${message}""${open('""')}${close}`;
    const { attributes, ...top } = JSON.parse(line) as { attributes?: object };
    known = {
      top: new Set(Object.keys(top)),
      attributes: attributes && new Set(Object.keys(attributes)),
    };
    ownNames.set(shape, known);
  }
  return known;
};

const addBut = (info: Info, fields: object, own: ReadonlySet<string>): void => {
  for (const [name, value] of Object.entries(fields))
    if (!own.has(name) && name !== '__proto__' && name !== 'level' && name !== 'message') info[name] = value;
};

/** Adds all fields that the finished line holds, for the record whose layers or names clash. */
export const addLine = (info: Info, line: string, { shape }: Rules): void => {
  const own = ownNamesOf(shape);
  const all = JSON.parse(line) as Record<string, unknown>;
  if (own.attributes === undefined) {
    addBut(info, all, own.top);
  } else {
    const { attributes, ...top } = all as { attributes: object };
    addBut(info, top, own.top);
    addBut(info, attributes, own.attributes);
  }
};
