import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import winston from 'winston';
import { createLogger, type LoggerOptions } from '../src/index.ts';

const { format } = winston;
const time = format.timestamp({ format: () => 'noon' });

/** Formats as users have them; each call makes a new one, since some keep state. */
const formats: Record<string, () => winston.Logform.Format> = {
  json: () => format.json(),
  simple: () => format.simple(),
  'timestamp and json': () => format.combine(time, format.json()),
  logstash: () => format.combine(time, format.logstash()),
  prettyPrint: () => format.prettyPrint(),
  'colorize and simple': () => format.combine(format.colorize(), format.simple()),
  'printf with the rest': () =>
    format.printf(({ level, message, ...rest }) => `${level}|${String(message)}|${JSON.stringify(rest)}`),
  'splat and simple': () => format.combine(format.splat(), format.simple()),
  label: () => format.combine(format.label({ label: 'shop' }), format.json()),
  align: () => format.combine(format.align(), format.simple()),
  padLevels: () => format.combine(format.padLevels(), format.simple()),
  metadata: () => format.combine(format.metadata(), format.json()),
  'errors and json': () => format.combine(format.errors({ stack: true }), format.json()),
  'one of the user’s': () =>
    format.combine(
      format((info) => Object.assign(info, { region: 'eu' }))(),
      format((info) => (info.noise === true ? false : info))(),
      format.json(),
    ),
};

/** Calls of which winston makes what their author meant. */
const calls: Record<string, (log: winston.Logger) => unknown> = {
  'a text': (log) => log.info('served'),
  'an empty text': (log) => log.info(''),
  'a text of two lines': (log) => log.info('a\nb'),
  'other scripts': (log) => log.info('Grüße €', { ключ: 'ñ' }),
  fields: (log) => log.warn('served', { a: 1, b: 'x', c: true, d: null }),
  'nested fields': (log) => log.error('served', { a: { b: [1, { c: 2 }] } }),
  'a lone per cent': (log) => log.info('100%', { a: 1 }),
  'log(level, message, fields)': (log) => log.log('warn', 'served', { a: 1 }),
  'a child': (log) => log.child({ c: 1 }).info('served', { a: 1 }),
  'a child of a child': (log) => log.child({ c: 1 }).child({ d: 2 }).info('served'),
  'a record that is filtered': (log) => log.info('served', { noise: true }),
};

const written = async (
  make: (options: winston.LoggerOptions) => winston.Logger,
  formatOf: () => winston.Logform.Format,
  where: 'logger' | 'transport',
  defaultMeta: object | undefined,
  call: (log: winston.Logger) => unknown,
): Promise<string> => {
  const stream = new PassThrough();
  const own = { format: formatOf() };
  const transport = new winston.transports.Stream({ stream, ...(where === 'transport' ? own : {}) });
  const log = make({ transports: [transport], ...(where === 'logger' ? own : {}) });
  if (defaultMeta !== undefined) log.defaultMeta = defaultMeta;
  call(log);
  const logged = new Promise((resolve) => log.once('finish', resolve));
  log.end();
  await logged;
  stream.end();
  return (await stream.toArray()).join('');
};

const ours = (options: winston.LoggerOptions): winston.Logger =>
  createLogger({ name: 'parity', ...options } as LoggerOptions);

describe.each(Object.entries(formats))('%s, byte for byte what plain winston writes', (_name, formatOf) => {
  it.each(Object.entries(calls))('of %s', async (_call, call) => {
    for (const where of ['logger', 'transport'] as const)
      for (const meta of [undefined, { service: 'shop' }]) {
        const expected = await written(winston.createLogger, formatOf, where, meta, call);
        expect(await written(ours, formatOf, where, meta, call)).toBe(expected);
      }
  });
});

it('interpolates as format.splat does', async () => {
  const splat = (): winston.Logform.Format => format.combine(format.splat(), format.simple());
  for (const call of [
    (log: winston.Logger) => log.info('%s is %d', 'x', 2),
    (log: winston.Logger) => log.info('%s', 'x', { a: 1 }),
  ])
    expect(await written(ours, splat, 'logger', undefined, call)).toBe(
      await written(winston.createLogger, splat, 'logger', undefined, call),
    );
});

it('lets the logger’s format read and replace the time and the name, which winston has not', async () => {
  const own = (options: winston.LoggerOptions): winston.Logger =>
    createLogger({ name: 'own', clock: () => 0, ...options } as LoggerOptions);
  const print = format.printf(({ timestamp, logger }) => `${String(timestamp)} ${String(logger)}`);
  const replace = format((info) => Object.assign(info, { logger: `<${String(info.logger)}>` }));
  const formatOf = (): winston.Logform.Format => format.combine(replace(), print);
  expect(await written(own, formatOf, 'logger', undefined, (log) => log.info('m'))).toBe(
    '1970-01-01T00:00:00.000Z <own>\n',
  );
});
