import type winston from 'winston';

/** Loggers made so far and not yet collected, children left out. */
const known = new Set<WeakRef<winston.Logger>>();
let sweepAt = 64;

const sweep = (): void => {
  for (const reference of known) if (reference.deref() === undefined) known.delete(reference);
};

export const knowLogger = (logger: winston.Logger): void => {
  known.add(new WeakRef(logger));
  if (known.size < sweepAt) return;
  sweep();
  sweepAt = Math.max(64, known.size * 2);
};

/** The levels in force, by the loggers' names; of loggers with the same name, the last one made counts. */
export const loggerLevels = (): Record<string, string> => {
  sweep();
  const levels: Record<string, string> = Object.create(null);
  for (const reference of known) {
    const logger = reference.deref() as (winston.Logger & { name: string }) | undefined;
    if (logger !== undefined) levels[logger.name] = logger.level;
  }
  return levels;
};
