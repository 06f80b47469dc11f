import { describe, expect, it } from '@jest/globals';
import { CorrelationContext, type Logger } from '../src/index.ts';
import { captured } from './capture.ts';
import { hostileValues } from './hostile-values.ts';
import { Recorder } from './recorder.ts';

/** The first key that one object of the text has twice; undefined when none has. */
const repeatedKey = (text: string): string | undefined => {
  const open: Array<Set<string> | undefined> = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^"{}[\]:,\s]+/g;
  let last = '';
  for (const [part] of text.matchAll(token)) {
    if (part === '{') open.push(new Set());
    else if (part === '[') open.push(undefined);
    else if (part === '}' || part === ']') open.pop();
    else if (part === ':') {
      const keys = open.at(-1);
      const key = JSON.parse(last) as string;
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
    last = part;
  }
  return undefined;
};

const maxLineBytes = 65_536;
type Call = (log: Logger, value: never) => unknown;

/** Every place a value can come in by. */
const places: Record<string, Call> = {
  'a field': (log, value) => log.info('m', { value, after: 1 }),
  'the fields': (log, value) => log.info('m', value),
  'the message': (log, value) => log.info(value),
  'the error': (log, value) => log.error('m', value, { after: 1 }),
  'the fields before the message': (log, value) => log.warn(value, 'm'),
  'an argument of the message': (log, value) => log.info('%s %d %j', value, value, value),
  'an entry': (log, value) => log.log({ level: 'info', message: 'm', value }),
  'what is logged at a level': (log, value) => log.log('info', value),
  'the level': (log, value) => log.log(value, 'm'),
  'what is written': (log, value) => log.write(value),
  bindings: (log, value) => log.child({ value }).info('m'),
  'all bindings': (log, value) => log.child(value).info('m'),
  defaultMeta: (log, value) => {
    log.defaultMeta = { value };
    log.info('m');
    log.defaultMeta = value;
    log.info('m');
  },
  'the context': (log, value) =>
    CorrelationContext.run({ correlationId: 'c', value }, () => log.info('m', { after: 1 })),
};

const names = Object.keys(hostileValues);

it('are more than 120', () => {
  expect(names.length).toBeGreaterThan(120);
});

it('finds a key that stands twice', () => {
  expect([
    repeatedKey('{"a":1,"b":{"a":"\\"}","c":[{"a":1}]},"a":2}'),
    repeatedKey('{"a":{"a":"a"}}'),
  ]).toEqual(['a', undefined]);
});

describe.each(Object.entries(places))('a hostile value as %s', (_place, call) => {
  it.each(names)('%s gives whole lines, each parseable, small and without a key twice', (name) => {
    const seen: string[] = [];
    const { logger, text, records } = captured({
      limits: { maxLineBytes },
      transports: new Recorder(seen, 'all'),
      level: 'silly',
    });
    expect(() => call(logger, hostileValues[name]!() as never)).not.toThrow();
    expect(text.length).toBeGreaterThan(0);
    for (const line of text) {
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(maxLineBytes);
      expect(repeatedKey(line)).toBeUndefined();
    }
    for (const record of records())
      expect(record).toMatchObject({ timestamp: expect.any(String), logger: 'test' });
    expect(seen).toHaveLength(text.length);
    expect(text.join('')).not.toContain('hunter2');
  });
});
