import { expect, it } from '@jest/globals';
import { CorrelationContext, configureLogging, type Logger } from '../src/index.ts';
import { captured } from './capture.ts';

/** A value that logs, through a child made for it, whenever it is read. */
const talkative = (logger: () => Logger): object => ({
  get value() {
    logger().child({ own: 1 }).info('nested', { call: 1 });
    return 'read';
  },
});

const messages = (records: Array<Record<string, unknown>>): unknown[] =>
  records.map(({ message }) => message);

it('a context that logs when it is read gives one line more, with the plain fields of the context', () => {
  const { logger, records } = captured();
  CorrelationContext.run({ correlationId: 'c', user: 'u', talks: talkative(() => logger) }, () => {
    logger.info('outer');
    logger.info('again');
  });
  expect(messages(records())).toEqual(['nested', 'outer', 'again']);
  expect(records()[0]).toMatchObject({ correlationId: 'c', user: 'u', own: 1, call: 1 });
  expect(records()[0]).not.toHaveProperty('talks');
  for (const record of records().slice(1))
    expect(record).toMatchObject({ correlationId: 'c', talks: { value: 'read' } });
});

it('a base that logs when it is read gives one line more', () => {
  const { logger, records } = captured({ base: { app: 'a', talks: talkative(() => logger) } });
  logger.info('outer');
  logger.info('again');
  expect(messages(records())).toEqual(['nested', 'outer', 'again']);
  expect(records()[0]).toMatchObject({ app: 'a', own: 1, call: 1 });
  expect(records()[2]).toMatchObject({ app: 'a', talks: { value: 'read' } });
});

it('a defaultMeta that logs when it is read gives one line more', () => {
  const { logger, records } = captured();
  logger.defaultMeta = talkative(() => logger);
  logger.info('outer');
  expect(messages(records())).toEqual(['nested', 'outer']);
  expect(records()[1]).toMatchObject({ value: 'read' });
});

it('bindings that log when they are read give one line more', () => {
  const { logger, records } = captured();
  const child = logger.child({ part: 'p', talks: talkative(() => child) });
  child.info('outer');
  child.info('again');
  expect(messages(records())).toEqual(['nested', 'outer', 'again']);
  expect(records()[0]).toMatchObject({ part: 'p', own: 1 });
  expect(records()[2]).toMatchObject({ part: 'p', talks: { value: 'read' } });
});

it('layers that all log when they are read come to an end', () => {
  const { logger, records } = captured({ base: { a: talkative(() => logger) } });
  const child = logger.child({ b: talkative(() => child) });
  CorrelationContext.run({ correlationId: 'c', d: talkative(() => child) }, () => child.info('outer'));
  expect(messages(records())).toEqual(['nested', 'nested', 'nested', 'outer']);
});

it('a censor that logs comes to an end', () => {
  const { logger, records } = captured({
    redact: {
      keys: ['pin'],
      censor: () => {
        logger.info('censored');
        return 'x';
      },
    },
  });
  CorrelationContext.run({ correlationId: 'c', pin: '1' }, () => logger.info('outer'));
  expect(messages(records())).toEqual(['censored', 'censored', 'outer']);
  expect(records()[2]).toMatchObject({ correlationId: 'c', pin: 'x' });
});

it('shared fields that log when they are read give one line more', () => {
  const { logger, records } = captured();
  const undo = configureLogging({ base: { talks: talkative(() => logger) } });
  try {
    logger.info('outer');
  } finally {
    undo();
  }
  expect(messages(records())).toEqual(['nested', 'outer']);
});
