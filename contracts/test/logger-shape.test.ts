import { Writable } from 'node:stream';
import { appLogger, createLogger } from '@agent4/logging';
import { describe, expect, it } from '@jest/globals';
import winston from 'winston';
import { CapturedLog } from './captured-log.ts';

type Fields = Record<string, unknown>;

/** The shape of docs/contracts.md, as somebody else would write it down. */
interface Logger {
  debug(message: string, fields?: Fields): unknown;
  info(message: string, fields?: Fields): unknown;
  warn(message: string, fields?: Fields): unknown;
  error(message: string, fields?: Fields): unknown;
}

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** Any function that takes a logger by its shape. */
const tell = (logger: Logger): void => {
  for (const level of levels) logger[level](`said at ${level}`, { step: 1 });
};

const expected = levels.map((level) => ({ level, message: `said at ${level}`, step: 1 }));

describe('the logger shape', () => {
  it('is satisfied by our logger, level and fields in the record', async () => {
    const log = new CapturedLog();
    const logger = createLogger({ name: 'contracts', level: 'debug', destination: log });
    tell(logger);
    await logger.flush();
    expect(log.records.map(({ level, message, step }) => ({ level, message, step }))).toEqual(expected);
  });

  it("is satisfied by winston's own logger", async () => {
    const lines: Fields[] = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        lines.push(JSON.parse(String(chunk)) as Fields);
        done();
      },
    });
    const transport = new winston.transports.Stream({ stream });
    tell(winston.createLogger({ level: 'debug', format: winston.format.json(), transports: [transport] }));
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines).toEqual(expected);
  });

  it('is satisfied by console and by the ready loggers, as the compiler sees them', () => {
    const loggers: Logger[] = [console, appLogger];
    expect(loggers.flatMap((logger) => levels.map((level) => typeof logger[level]))).toEqual(
      Array.from({ length: 8 }, () => 'function'),
    );
  });

  it('takes a transport of winston that a user has already', async () => {
    const lines: Fields[] = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        lines.push(JSON.parse(String(chunk)) as Fields);
        done();
      },
    });
    const log = new CapturedLog();
    const transport = new winston.transports.Stream({ stream, format: winston.format.json() });
    const logger = createLogger({ name: 'contracts', destination: log, transports: [transport] });
    expect(logger).toBeInstanceOf(winston.Logger);
    logger.warn('to both', { step: 2 });
    await logger.flush();
    expect(lines).toMatchObject([{ level: 'warn', message: 'to both', step: 2 }]);
  });
});
