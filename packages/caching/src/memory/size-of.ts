const perObject = 48;
const perField = 16;

const flat = (value: unknown): number | undefined => {
  switch (typeof value) {
    case 'string':
      return 16 + 2 * value.length;
    case 'bigint':
      return 24;
    case 'object':
      break;
    default:
      return 8;
  }
  if (value === null) return 8;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return perObject + value.byteLength;
  if (value instanceof Date) return perObject;
  return undefined;
};

/**
 * About how many bytes a value and its key hold in memory: texts as two bytes a character, buffers by their length,
 * objects, arrays, Maps and Sets through their content (each object once, cycles included), plus the entry itself.
 * An estimate: it does not see private fields, closures or what a getter would make.
 */
export const estimateSize = (value: unknown, key: string): number => {
  let total = 160 + 2 * key.length;
  const seen = new Set<object>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    const size = flat(next);
    if (size !== undefined) {
      total += size;
      continue;
    }
    const object = next as object;
    if (seen.has(object)) continue;
    seen.add(object);
    total += perObject;
    if (object instanceof Map) {
      for (const [k, v] of object) open.push(k, v);
      total += perField * object.size;
    } else if (object instanceof Set || Array.isArray(object)) {
      for (const item of object) open.push(item);
    } else {
      for (const [name, field] of Object.entries(object)) {
        total += perField + name.length;
        open.push(field);
      }
    }
  }
  return total;
};
