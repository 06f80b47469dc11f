import { flushAllSync } from './at-exit.ts';
import { yesOrNo } from './check-options.ts';
import { describe } from './describe.ts';
import { publishFailure } from './events.ts';
import { appLogger } from './loggers.ts';
import { onlyKnown } from './only-known.ts';

export interface CaptureOptions {
  /** False keeps the process alive after an uncaught error, in whatever state that left it. Default true: it ends as it would without us. */
  exit?: boolean | undefined;
}

/**
 * Logs uncaught errors and unhandled rejections at `error`, in the field `error`, and flushes before anything else sees them. The process
 * then ends at once as it would have: exit code 1, the usual trace on stderr, handlers of the application called.
 * @param logger Default `appLogger`.
 * @returns takes it back.
 * @throws TypeError naming what is wrong.
 */
export const captureExceptions = (
  logger: { error(message: string, ...rest: unknown[]): unknown } = appLogger,
  options: CaptureOptions = {},
): (() => void) => {
  if (typeof (logger as { error?: unknown } | null)?.error !== 'function')
    throw new TypeError(`logger must be an object with error(message, fields), got ${describe(logger)}`);
  onlyKnown('captureExceptions', options, ['exit']);
  const exit = options.exit === undefined || yesOrNo('exit', options.exit);
  const log = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    const message = origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception';
    try {
      logger.error(message, { error, origin });
    } catch (failure) {
      publishFailure({ source: 'captureExceptions', error: failure });
    }
    flushAllSync();
  };
  const stay = (): void => {};
  // A monitor sees the error and changes nothing of what becomes of it.
  process.on('uncaughtExceptionMonitor', log);
  if (!exit) process.on('uncaughtException', stay);
  return () => {
    process.off('uncaughtExceptionMonitor', log);
    process.off('uncaughtException', stay);
  };
};
