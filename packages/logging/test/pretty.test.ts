import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import winston from 'winston';
import { prettyWhere } from '../src/formats.ts';
import { CorrelationContext, configureLogging } from '../src/index.ts';
import { wantsColour } from '../src/pretty.ts';
import { prettyRecord } from '../src/pretty-record.ts';
import { stdout } from '../src/standard-output.ts';
import { captured } from './capture.ts';
import { Recorder } from './recorder.ts';

const drawn = (log: (logger: ReturnType<typeof captured>['logger']) => void): string => {
  const { logger, text } = captured({ format: 'pretty' });
  log(logger);
  return text.join('');
};

describe('a record', () => {
  it('is one line: time, level, logger, message, fields, ids', () => {
    const text = drawn((log) =>
      CorrelationContext.run({ correlationId: 'c-1', user: 7 }, () =>
        log.info('paid it', {
          cents: 1999,
          note: 'two words',
          tags: ['a', 'b c'],
          card: { holder: 'Ada', cvv: 1 },
          none: null,
        }),
      ),
    );
    expect(text).toBe(
      '12:00:00.000 INFO  test  paid it  user=7 cents=1999 note="two words" tags=[a, "b c"] card={holder: Ada, cvv: "[REDACTED]"} none=null correlationId=c-1\n',
    );
  });

  it('has its errors below, with stack, own fields, cause and errors, every line indented', () => {
    const cause = Object.assign(new TypeError('inner\n12:00:00.000 INFO  app  forged'), {
      code: 'E_IN',
      stack: undefined,
    });
    const error = new AggregateError([new Error('one'), 'two'], 'outer', { cause });
    error.stack = 'AggregateError: outer\n    at here (file.js:1:1)';
    (error.errors as Error[])[0]!.stack = 'Error: one\n    at there';
    const lines = drawn((log) => log.error('failed', { error, other: 1 })).split('\n');
    expect(lines).toEqual([
      '12:00:00.000 ERROR test  failed  other=1',
      '    AggregateError: outer',
      '        at here (file.js:1:1)',
      '        cause: TypeError: inner\\n12:00:00.000 INFO  app  forged',
      '          code=E_IN',
      '        errors[0]: Error: one',
      '            at there',
      '        errors[1]: two',
      '',
    ]);
  });

  it('is cut where it is too wide, with a mark', () => {
    const text = drawn((log) =>
      log.info(
        'm'.repeat(5_000),
        Object.fromEntries([...Array(100).keys()].map((at) => [`k${at}`, 'v'.repeat(900)])),
      ),
    );
    expect(text).toMatch(/m…\[1000 more\]/);
    expect(text).toMatch(/k0="v{400}…\[500 more\]"/);
    expect(text).toMatch(/ …\[9\d more\]\n$/);
    expect(text.length).toBeLessThan(8_000);
  });

  it('is coloured only where that is wanted, ids dimmed', () => {
    const line =
      '{"timestamp":"2026-01-02T12:00:00.000Z","level":"warn","logger":"x","message":"m","traceId":"t"}';
    expect(prettyRecord(line, true)).toBe(
      '\u001b[2m12:00:00.000\u001b[0m \u001b[33mWARN \u001b[0m \u001b[2mx\u001b[0m  m  \u001b[2mtraceId=t\u001b[0m',
    );
  });

  it('of a user’s own format passes as it is', () => {
    for (const line of ['plain text', '{"level":"info","message":"m"}', '{"timestamp":"cut'])
      expect(prettyRecord(line, true)).toBe(line);
  });
});

describe('nothing in a value steers the terminal or forges a record', () => {
  // Everything Unicode calls control, format, line or paragraph separator, or a lone surrogate.
  const bad = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

  it.each([
    ['ANSI', '\u001b[31mred\u001b]0;title\u0007', '\\u001b[31mred\\u001b]0;title\\u0007'],
    ['CR LF', 'a\r\nb\tc', 'a\\r\\nb\\tc'],
    ['C1', '\u009b31m', '\\u009b31m'],
    ['bidi', '\u202etxt\u2066', '\\u202etxt\\u2066'],
    ['line separators', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
    ['zero width and tags', 'a\u200bb\u{e0041}', 'a\\u200bb\\u{e0041}'],
  ])('%s', (_name, given, shown) => {
    const text = drawn((log) => log.info(given, { value: given, [given]: 1 }));
    expect(text.slice(0, -1)).not.toMatch(bad);
    expect(text).toContain(`test  ${shown}  value="${shown}"`);
  });

  it('whatever the record is', () => {
    const any = fc.string({ unit: 'binary', maxLength: 12 });
    fc.assert(
      fc.property(any, fc.dictionary(any, fc.anything({ maxDepth: 2 })), any, (message, fields, stack) => {
        const error = Object.assign(new Error(message, { cause: fields }), { stack: `${message}\n${stack}` });
        const text = drawn((log) => log.error(message, { ...fields, error }));
        const [first, ...more] = text.slice(0, -1).split('\n');
        expect(first).toMatch(/^12:00:00\.000 ERROR test {2}/);
        for (const line of [first!, ...more]) expect(line).not.toMatch(bad);
        for (const line of more) expect(line).toMatch(/^ {4}/);
      }),
    );
  });
});

describe('pretty is a rendering for the destination alone', () => {
  it('transports get the JSON line', () => {
    const recorder = new Recorder([], 'r');
    const { logger, text } = captured({ format: 'pretty', transports: recorder });
    logger.info('m', { a: 1 });
    expect(text).toEqual(['12:00:00.000 INFO  test  m  a=1\n']);
    expect(JSON.parse(String(recorder.infos[0]![Symbol.for('message')]))).toMatchObject({
      message: 'm',
      a: 1,
    });
  });

  it('a winston format keeps its text', () => {
    const undo = configureLogging({ format: 'pretty' });
    const { logger, text } = captured({
      format: winston.format.printf(({ message }) => `<${String(message)}>`),
    });
    logger.info('m');
    undo();
    expect(text).toEqual(['<m>\n']);
  });

  it('configureLogging turns it on and off again', () => {
    const { logger, text } = captured();
    const undo = configureLogging({ format: 'pretty' });
    logger.info('one');
    undo();
    logger.info('two');
    expect(text[0]).toBe('12:00:00.000 INFO  test  one\n');
    expect(text[1]).toMatch(/^\{"timestamp"/);
  });

  it('a destination is asked for all else it can do', async () => {
    const calls: string[] = [];
    const destination = {
      write: () => {},
      writeAtLevel: (text: string, level: string) => calls.push(`${level} ${text.slice(13)}`),
      flush: async () => void calls.push('flush'),
    };
    const { logger } = captured({ format: 'pretty', destination });
    logger.warn('m');
    await logger.flush();
    expect(calls).toEqual(['warn WARN  test  m\n', 'flush']);
  });
});

describe('without a word in code', () => {
  it('it is for descriptors that are terminals, never for an object', () => {
    const asked: number[] = [];
    const shape = prettyWhere((fd) => asked.push(fd) > 0);
    const object = { write: () => {} };
    expect(shape.drawFor!(object)).toBeUndefined();
    expect(shape.drawFor!(stdout())!('{"timestamp":"t","level":"info","logger":"x","message":"m"}')).toMatch(
      / x {2}m$/,
    );
    expect(prettyWhere(() => false).drawFor!(stdout())).toBeUndefined();
    expect(asked).toEqual([1]);
  });

  it.each<[Record<string, string>, boolean, boolean]>([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ TERM: 'dumb' }, true, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
  ])('colours go by %j and a terminal (%s): %s', (environment, isTerminal, expected) => {
    expect(wantsColour(environment, isTerminal)).toBe(expected);
  });
});
