import { causeLinks, isObject, read, readList } from './safe-read.ts';

const maxCauses = 10;

const nextOf = (error: unknown): unknown => {
  for (const link of causeLinks) {
    const next = read(error, link);
    if (next !== undefined && next !== null && typeof next !== 'function') return next;
  }
  return readList(read(error, 'errors'), 1)[0];
};

/** What led to an error, from the outermost in, at most ten, without the error itself. */
export const causesOf = (error: unknown): unknown[] => {
  const causes: unknown[] = [];
  for (let next = nextOf(error); next !== undefined && causes.length < maxCauses; next = nextOf(next)) {
    if (isObject(next) && (next === error || causes.includes(next))) break;
    causes.push(next);
  }
  return causes;
};
