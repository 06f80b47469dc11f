import { describe, expect, it } from '@jest/globals';
import winston from 'winston';
import { configureLogging, createLogger } from '../src/index.ts';
import { capture } from './capture.ts';
import { Recorder } from './recorder.ts';

describe('levels of one’s own', () => {
  it('have a method each, and no others', () => {
    const { destination, records } = capture();
    const log = createLogger({ name: 'x', destination, levels: { fatal: 0, oops: 10, info: 20, chat: 30 } });
    log.fatal('1');
    log.oops('2', { a: 1 });
    log.child({ c: 1 }).info('3');
    log.chat('4');
    expect(records().map(({ level, message }) => [level, message])).toEqual([
      ['fatal', '1'],
      ['oops', '2'],
      ['info', '3'],
    ]);
    expect('warn' in log).toBe(false);
    expect(log.levels).toEqual({ fatal: 0, oops: 10, info: 20, chat: 30 });
  });

  it('are asked by name', () => {
    const { destination } = capture();
    const log = createLogger({
      name: 'x',
      destination,
      levels: winston.config.syslog.levels,
      level: 'notice',
    });
    expect([log.isLevelEnabled('warning'), log.isLevelEnabled('info')]).toEqual([true, false]);
    expect((log as unknown as { isCritEnabled(): boolean }).isCritEnabled()).toBe(true);
  });

  it('decide for transports too', () => {
    const seen: string[] = [];
    const log = createLogger({
      name: 'x',
      levels: { loud: 0, soft: 1 },
      level: 'loud',
      transports: [new Recorder(seen, 'all', { level: 'soft' }), new Recorder(seen, 'own')],
    });
    log.loud('1');
    log.soft('2');
    expect(seen).toEqual(['all 1', 'own 1', 'all 2']);
  });

  it('use the common level where they know it, else info, else the least severe', () => {
    const undo = configureLogging({ level: 'debug' });
    try {
      expect(createLogger({ name: 'x', levels: { info: 0, debug: 1 } }).level).toBe('debug');
      expect(createLogger({ name: 'x', levels: { info: 0, more: 1 } }).level).toBe('info');
      expect(createLogger({ name: 'x', levels: { b: 5, a: 9, c: 7 } }).level).toBe('a');
    } finally {
      undo();
    }
  });

  it('keep a record of a level that nobody knows', () => {
    const { destination, records } = capture();
    const log = createLogger({ name: 'x', destination, levels: { bad: 0, good: 1 } });
    log.log('ugly', 'm');
    expect(records()[0]).toMatchObject({ message: 'm', fields: { level: 'ugly' } });
  });

  it.each([
    [{}, 'levels must be an object such as'],
    [[], 'levels must be an object such as'],
    [{ a: 'x' }, 'levels.a must be an integer, got x'],
    [{ 'a b': 1 }, 'levels must have plain names, got "a b"'],
    [{ write: 1 }, 'levels must not be named as methods of a logger are, got write'],
    [{ child: 1 }, 'levels must not be named as methods of a logger are, got child'],
  ])('are refused: %j', (levels, message) => {
    expect(() => createLogger({ name: 'x', levels: levels as Record<string, number> })).toThrow(message);
  });

  it('refuse a level of another set', () => {
    expect(() => createLogger({ name: 'x', levels: { bad: 0, good: 1 }, level: 'info' as 'good' })).toThrow(
      'level must be one of bad, good, got info',
    );
  });
});
