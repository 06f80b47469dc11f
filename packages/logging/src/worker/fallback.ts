import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Destination } from '../destination.ts';
import type { Target } from './messages.ts';

/** A destination of the main thread for what the thread cannot write any more. @throws when there is none at once. */
export const fallbackOf = (target: Target, file: Destination | undefined): Destination => {
  if (file !== undefined || 'file' in target) return file!;
  // Required, not imported: at the end of the process nothing can be waited for.
  const { default: make } = createRequire(import.meta.url)(fileURLToPath(target.module)) as {
    default?: unknown;
  };
  if (typeof make !== 'function')
    throw new TypeError(`${target.module} must have a function as its default export`);
  const made: unknown = make(target.options);
  if (typeof (made as { write?: unknown } | null)?.write === 'function') return made as Destination;
  throw new TypeError(`${target.module} gives no destination at once, which the main thread would need`);
};
