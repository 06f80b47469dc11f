import { peek } from '../peek.ts';

interface FoundText {
  readonly where: string;
  readonly text: string;
}

/** Every text in the value, at any depth: keys, symbol keys, hidden and inherited accessors of records, Maps, errors, bytes. */
export const textsIn = (outputs: Readonly<Record<string, unknown>>): FoundText[] => {
  const found: FoundText[] = [];
  const seen = new Set<object>();
  // A stack of its own: what was captured may be deeper than the call stack.
  const open: Array<readonly [where: string, value: unknown]> = Object.entries(outputs);

  const openList = (where: string, list: readonly unknown[]): void => {
    for (const [at, item] of list.entries()) open.push([`${where}[${at}]`, item]);
    // A stream gives its text in pieces, which may cut a secret.
    if (list.length > 1 && list.every((item) => typeof item === 'string'))
      found.push({ where: `${where}, joined`, text: list.join('') });
  };

  const openMembers = (where: string, value: object): void => {
    for (const key of Reflect.ownKeys(value)) {
      const name = String(typeof key === 'symbol' ? key.description : key);
      found.push({ where: `a key of ${where}`, text: name });
      open.push([`${where}.${name}`, peek(value, key)]);
    }
    // Inherited, as the name of an error is, and the time of a record.
    for (const key of ['name', 'message', 'stack', 'timestamp', 'logger'])
      if (key in value && !Object.hasOwn(value, key)) open.push([`${where}.${key}`, peek(value, key)]);
  };

  const openObject = (where: string, value: object): void => {
    if (seen.has(value)) return;
    seen.add(value);
    if (Array.isArray(value)) openList(where, value);
    else if (ArrayBuffer.isView(value))
      found.push({
        where,
        text: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'),
      });
    else if (value instanceof Map) openList(where, [...value].flat());
    else if (value instanceof Set) openList(where, [...value]);
    else if (value instanceof URL) found.push({ where, text: value.href });
    else openMembers(where, value);
  };

  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [where, value] = next;
    if (typeof value === 'object' && value !== null) openObject(where, value);
    else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
      found.push({ where, text: String(value) });
  }
  return found;
};
