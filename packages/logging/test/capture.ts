import { createLogger, type Logger, type LoggerOptions } from '../src/index.ts';

export const noon = Date.UTC(2026, 0, 2, 12);

export interface Capture {
  text: string[];
  destination: { write(text: string): void };
  /** The records so far, parsed; throws when a line is no JSON. */
  records(): Array<Record<string, unknown>>;
}

export const capture = (): Capture => {
  const text: string[] = [];
  return {
    text,
    destination: { write: (line) => text.push(line) },
    records: () => text.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
};

export const captured = (options: Partial<LoggerOptions> = {}): Capture & { logger: Logger } => {
  const seen = capture();
  const logger = createLogger({ name: 'test', clock: () => noon, destination: seen.destination, ...options });
  return { ...seen, logger };
};
