import { expect, it } from '@jest/globals';
import winston from 'winston';
import { CorrelationContext, configureLogging, createLogger } from '../src/index.ts';
import { captured } from './capture.ts';
import { Recorder } from './recorder.ts';

const messages = (records: Array<Record<string, unknown>>): unknown[] =>
  records.map(({ message }) => message);

it('raises the level for its own records only, through awaits, and is no field of them', async () => {
  const { logger, records } = captured();
  const { debug } = logger.child({ part: 'p' });
  const work = async (id: string): Promise<void> => {
    await null;
    debug(id);
  };
  await Promise.all([
    CorrelationContext.run({ correlationId: 'a' }, () => work('a')),
    CorrelationContext.run({ correlationId: 'b' }, () =>
      CorrelationContext.withLevel('debug', () => work('b')),
    ),
    work('none'),
  ]);
  expect(records()).toEqual([
    {
      timestamp: expect.any(String),
      level: 'debug',
      logger: 'test',
      correlationId: 'b',
      message: 'b',
      part: 'p',
    },
  ]);
});

it('lowers the level too, and nested ones and runs inside follow the innermost', () => {
  const { logger, records } = captured();
  CorrelationContext.withLevel('error', () => {
    logger.info('no');
    CorrelationContext.run({ correlationId: 'a' }, () => logger.warn('no'));
    CorrelationContext.withLevel('silly', () => logger.silly('yes'));
    logger.error('yes');
  });
  logger.info('after');
  logger.silly('no');
  expect(messages(records())).toEqual(['yes', 'yes', 'after']);
});

it('goes by pattern, where others keep their level or that of the context around', () => {
  const pool = captured({ name: 'db.pool' });
  const web = captured({ name: 'web' });
  CorrelationContext.withLevel('http', () =>
    CorrelationContext.withLevel({ 'db.*': 'debug' }, () => {
      for (const { logger } of [pool, web]) for (const level of ['http', 'debug']) logger.log(level, level);
    }),
  );
  expect([messages(pool.records()), messages(web.records())]).toEqual([['http', 'debug'], ['http']]);
});

it('is what isLevelEnabled says there', () => {
  const { logger } = captured();
  expect(logger.isDebugEnabled()).toBe(false);
  CorrelationContext.withLevel('debug', () => expect(logger.isDebugEnabled()).toBe(true));
  CorrelationContext.withLevel('error', () => expect(logger.isInfoEnabled()).toBe(false));
});

it('goes along with a bound function, and lets set reach the run around it', () => {
  const { logger, records } = captured();
  CorrelationContext.run({ correlationId: 'a' }, () => {
    const bound = CorrelationContext.withLevel('debug', () => {
      expect(CorrelationContext.set({ user: 'u' })).toBe(true);
      return CorrelationContext.bind(() => logger.debug('bound'));
    });
    expect(CorrelationContext.current()).toMatchObject({ user: 'u' });
    CorrelationContext.set({ tenant: 't' });
    queueMicrotask(bound);
    bound();
  });
  expect(records()).toMatchObject([{ message: 'bound', user: 'u', tenant: 't' }]);
  expect(CorrelationContext.withLevel('debug', () => CorrelationContext.set({ a: 1 }))).toBe(false);
});

it('reaches transports without a level of their own, not those with one', () => {
  const seen: string[] = [];
  const open = new Recorder(seen, 'open');
  const errors = new Recorder(seen, 'errors', { level: 'error' });
  const { logger } = captured({ destination: undefined, transports: [open, errors] });
  CorrelationContext.withLevel('debug', () => logger.debug('m'));
  CorrelationContext.withLevel('error', () => logger.info('n'));
  expect(seen).toEqual(['open m']);
});

it('holds for a record that goes through an instrumentation', () => {
  const { logger, records } = captured();
  const prototype = winston.Logger.prototype as { write?: unknown };
  prototype.write = function (this: winston.Logger, info: unknown): boolean {
    this._transform(info as never, 'utf8', () => {});
    return true;
  };
  try {
    CorrelationContext.withLevel('debug', () => logger.debug('m'));
  } finally {
    delete prototype.write;
  }
  expect(messages(records())).toEqual(['m']);
});

it('is ignored by loggers with levels of their own that do not know it', () => {
  const lines: string[] = [];
  const log = createLogger({
    name: 'own',
    levels: { fatal: 0, note: 1, trace: 2 },
    level: 'note',
    destination: { write: (line) => lines.push(line) },
  });
  CorrelationContext.withLevel('debug', () => {
    log.note('yes');
    log.trace('no');
  });
  expect(lines).toHaveLength(1);
});

it('comes before a configuration that changes inside of it', () => {
  const { logger, records } = captured();
  CorrelationContext.withLevel('debug', () => {
    const undo = configureLogging({ level: 'error' });
    logger.debug('m');
    undo();
  });
  expect(messages(records())).toEqual(['m']);
});

it('refuses what is no level', () => {
  expect(() => CorrelationContext.withLevel('loud' as never, () => 1)).toThrow('level must be one of error');
  expect(() => CorrelationContext.withLevel({ a: 'loud' as never }, () => 1)).toThrow(
    "levels['a'] must be one of",
  );
  expect(() => CorrelationContext.withLevel(undefined as never, () => 1)).toThrow('got undefined');
});
