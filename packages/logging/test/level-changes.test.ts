import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { registry } from '../src/configuration.ts';
import {
  changeLevel,
  configureLogging,
  createLogger,
  type Level,
  type LevelEvent,
  levelReport,
} from '../src/index.ts';
import { captured } from './capture.ts';
import { ManualTime } from './manual-time.ts';

const undos: Array<() => void> = [];
const undoLater = (undo: () => void): (() => void) => {
  undos.push(undo);
  return undo;
};
afterEach(() => {
  for (const undo of undos.splice(0)) undo();
  delete process.env.LOG_LEVEL;
});

it('comes before options, patterns and assigned levels, for loggers, children and methods made earlier or later', () => {
  undoLater(configureLogging({ levels: { 'db.*': 'error' } }));
  const { logger } = captured({ name: 'db.pool', level: 'error' });
  logger.level = 'warn';
  const child = logger.child({ a: 1 });
  const undo = undoLater(changeLevel('db.*', 'debug'));
  const later = captured({ name: 'db.query' }).logger;
  expect([logger, child, later].map(({ level }) => level)).toEqual(['debug', 'debug', 'debug']);
  expect(logger.isDebugEnabled()).toBe(true);
  undo();
  expect([logger, child, later].map(({ level }) => level)).toEqual(['warn', 'warn', 'error']);
});

it('leaves a level that was assigned meanwhile in force once it is over', () => {
  const { logger } = captured();
  const undo = undoLater(changeLevel('test', 'debug'));
  logger.level = 'error';
  expect(logger.level).toBe('debug');
  undo();
  expect(logger.level).toBe('error');
});

it('ends by itself, and not twice', () => {
  const time = new ManualTime(0);
  const { logger } = captured();
  const first = undoLater(changeLevel('test', 'debug', { forMs: 100, schedule: time.later }));
  expect(logger.level).toBe('debug');
  time.pass(99);
  expect(logger.level).toBe('debug');
  time.pass(1);
  expect(logger.level).toBe('info');
  undoLater(changeLevel('test', 'warn'));
  first();
  expect(logger.level).toBe('warn');
});

it('calls its timer off when it is undone early', () => {
  const time = new ManualTime(0);
  undoLater(changeLevel('test', 'debug', { forMs: 100, schedule: time.later }))();
  expect(time.waits).toEqual([]);
});

it('gives back what the others say, in whatever order changes and configurations are undone', () => {
  const level = fc.constantFrom<Level>('error', 'warn', 'http', 'debug', 'silly');
  const step = fc.record({ configure: fc.boolean(), level, pattern: fc.constantFrom('*', 'a.*', 'a.b') });
  const score = (pattern: string): number => (pattern === 'a.b' ? 100 : pattern.length);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), fc.infiniteStream(fc.nat()), (steps, random) => {
      const logger = createLogger({ name: 'a.b' });
      const live = steps.map((each) => ({
        ...each,
        undo: each.configure
          ? configureLogging({ levels: { [each.pattern]: each.level } })
          : changeLevel(each.pattern, each.level),
      }));
      while (live.length > 0) {
        // The best pattern of the changes, the latest of equals; else the latest configuration.
        const changes = live.filter(({ configure }) => !configure);
        const best = changes.reduce<(typeof changes)[number] | undefined>(
          (one, other) => (one === undefined || score(other.pattern) >= score(one.pattern) ? other : one),
          undefined,
        );
        const expected = best?.level ?? live.findLast(({ configure }) => configure)?.level;
        expect(logger.level).toBe(expected);
        const [gone] = live.splice((random.next().value as number) % live.length, 1);
        gone!.undo();
        gone!.undo();
      }
      expect(logger.level).toBe('info');
    }),
  );
  expect(registry.changes).toEqual([]);
});

it('a configuration undone before a later one does not come back with it', () => {
  const { logger, records } = captured();
  const first = configureLogging({ base: { a: 1 }, level: 'debug' });
  const second = configureLogging({ base: { b: 2 } });
  first();
  logger.info('m');
  expect(records()[0]).toMatchObject({ b: 2 });
  expect(logger.level).toBe('info');
  second();
  logger.info('n');
  expect(records()[1]).not.toHaveProperty('a');
});

it('changes nothing when its end cannot be scheduled', () => {
  const failing = (): never => {
    throw new Error('no timers');
  };
  expect(() => changeLevel('*', 'debug', { forMs: 1, schedule: failing })).toThrow('no timers');
  expect(registry.changes).toEqual([]);
});

it('is told on a channel, with its end', () => {
  const seen: unknown[] = [];
  const listener = (event: unknown): void => void seen.push(event);
  subscribe('agent4:logging:level', listener);
  const before = Date.now();
  changeLevel('x', 'debug', { forMs: 5_000, schedule: new ManualTime(0).later })();
  unsubscribe('agent4:logging:level', listener);
  const [changed, undone] = seen as LevelEvent[];
  expect(changed).toMatchObject({ pattern: 'x', level: 'debug', action: 'changed', source: 'code' });
  expect(changed!.until).toBeGreaterThanOrEqual(before + 5_000);
  expect(undone).toEqual({ pattern: 'x', level: 'debug', action: 'undone', source: 'code' });
});

it('reports the levels in force and what made them so', () => {
  process.env.LOG_LEVEL = 'warn,report.env=http';
  undoLater(configureLogging({ levels: { 'report.*': 'error' } }));
  const one = createLogger({ name: 'report.one' });
  undoLater(changeLevel('report.one', 'silly'));
  const report = levelReport();
  expect(report.loggers['report.one']).toBe('silly');
  expect(report.patterns).toEqual([
    { pattern: 'report.*', level: 'error', source: 'code' },
    { pattern: 'report.env', level: 'http', source: 'env' },
  ]);
  expect(report.changes).toEqual([
    { pattern: 'report.one', level: 'silly', source: 'code', until: undefined },
  ]);
  expect(one.level).toBe('silly');
});

it('takes levels by pattern from LOG_LEVEL, behind those from code and before its own level', () => {
  process.env.LOG_LEVEL = ' WARN; db.*=Debug, loud x=loud =info web=http';
  undoLater(configureLogging({ levels: { 'db.quiet': 'error' } }));
  const levelOf = (name: string): string => createLogger({ name, destination: { write() {} } }).level;
  expect(['db.pool', 'db.quiet', 'web', 'other'].map(levelOf)).toEqual(['debug', 'error', 'http', 'warn']);
});

it.each<[string, () => unknown, string]>([
  ['pattern', () => changeLevel('', 'debug'), 'pattern must be a logger’s name'.replace('’', "'")],
  ['level', () => changeLevel('*', 'loud' as never), 'level must be one of error, warn'],
  ['forMs', () => changeLevel('*', 'debug', { forMs: 0 }), 'forMs must be an integer of milliseconds from 1'],
  [
    'forMs, beyond a timer',
    () => changeLevel('*', 'debug', { forMs: 2 ** 31 }),
    'to 2147483647, got 2147483648',
  ],
  [
    'schedule',
    () => changeLevel('*', 'debug', { schedule: 1 as never }),
    'schedule must be a function, got 1',
  ],
  ['unknown', () => changeLevel('*', 'debug', { for: 1 } as never), 'changeLevel has no option "for"'],
])('refuses a wrong %s', (_name, make, message) => {
  expect(make).toThrow(message);
  expect(registry.changes).toEqual([]);
});
