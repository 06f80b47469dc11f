import type { AlertSink } from './alert-queue.ts';
import { onlyKnown, show } from './validate.ts';

/** console, winston, pino's wrappers, @agent4/logging: whatever takes a message and fields. */
export interface AlertLogger {
  error(message: string, fields: object): unknown;
  warn(message: string, fields: object): unknown;
  info(message: string, fields: object): unknown;
}

export type LogSinkOptions = Pick<AlertSink, 'name' | 'timeoutMs' | 'maxQueued'>;

/**
 * A sink that logs a line for each notice: `info` for one that resolves, else by severity `error` (critical), `warn` or `info`.
 * @throws TypeError here, for something that has not these three methods.
 */
export function logSink(logger: AlertLogger, options: LogSinkOptions = {}): AlertSink {
  for (const method of ['error', 'warn', 'info'] as const) {
    if (typeof logger?.[method] !== 'function')
      throw new TypeError(`logger must have error, warn and info, got ${show(logger)}`);
  }
  onlyKnown('logSink', options, ['name', 'timeoutMs', 'maxQueued']);
  return {
    ...options,
    name: options.name ?? 'log',
    send: (notice) => {
      const { text, ...fields } = notice;
      if (notice.type === 'resolved' || notice.severity === 'info') logger.info(text, fields);
      else if (notice.severity === 'critical') logger.error(text, fields);
      else logger.warn(text, fields);
    },
  };
}
