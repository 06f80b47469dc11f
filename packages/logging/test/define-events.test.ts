import { describe, expect, it } from '@jest/globals';
import { defineEvents, loggingMetrics } from '../src/index.ts';
import { captured } from './capture.ts';
import { heard } from './heard.ts';

const table = {
  'order.placed': {
    level: 'info',
    message: 'order placed',
    fields: { orderId: 'string', cents: 'number', coupon: 'string?', by: ['card', 'cash'] },
  },
  'order.lost': { level: 'error', fields: { error: 'error', at: 'date?' } },
  started: {},
} as const;

const placed = { orderId: 'o-1', cents: 1999, by: 'card' } as const;

const mismatches = (): number => loggingMetrics().eventMismatches;

describe('a typed event', () => {
  it('is one record at its level, with its message, its name and its fields', () => {
    const { logger, records } = captured();
    const events = defineEvents(table);
    events.emit(logger, 'order.placed', placed);
    events.emit(logger.child({ part: 'p' }), 'order.lost', { error: new RangeError('no') });
    events.emit(logger, 'started');
    expect(records()).toMatchObject([
      { level: 'info', message: 'order placed', event: 'order.placed', ...placed },
      {
        level: 'error',
        message: 'order.lost',
        event: 'order.lost',
        part: 'p',
        error: { name: 'RangeError' },
      },
      { level: 'info', message: 'started', event: 'started' },
    ]);
  });

  it('has names and fields that the compiler checks', () => {
    const { logger, records } = captured();
    const { emit } = defineEvents(table, { check: true });
    // @ts-expect-error: no such event
    emit(logger, 'order.plaecd', placed);
    // @ts-expect-error: orderId, cents and by are missing
    emit(logger, 'order.placed', {});
    // @ts-expect-error: fields are required
    emit(logger, 'order.placed');
    // @ts-expect-error: cents must be a number
    emit(logger, 'order.placed', { ...placed, cents: '1999' });
    // @ts-expect-error: by must be card or cash
    emit(logger, 'order.placed', { ...placed, by: 'cheque' });
    // @ts-expect-error: amount is not a field
    emit(logger, 'order.placed', { ...placed, amount: 3 });
    // @ts-expect-error: at must be a Date
    emit(logger, 'order.lost', { error: 1, at: 'now' });
    emit(logger, 'order.placed', { ...placed, coupon: 'c' });
    emit(logger, 'order.lost', { error: undefined, at: new Date(0) });
    expect(records().map(({ eventMismatch }) => eventMismatch)).toEqual([
      ['it is not defined'],
      ['orderId is missing', 'cents is missing', 'by is missing'],
      ['orderId is missing', 'cents is missing', 'by is missing'],
      ['cents must be number, got string'],
      ['by must be one of card, cash, got another text'],
      ['amount is not a field of it'],
      ['at must be date, got string'],
      undefined,
      undefined,
    ]);
  });

  it('goes to every logger that has the methods: the plain shape, or the console', () => {
    const seen: unknown[] = [];
    const failures = heard('failure');
    const plain = {
      info: (message: string, fields: object) => seen.push([message, fields]),
      error: () => {},
    };
    defineEvents(table).emit(plain, 'started');
    const alarm = defineEvents({ alarm: { level: 'warn' } });
    // @ts-expect-error: a logger without the level of an event
    alarm.emit(plain, 'alarm');
    const terminal: Console = Object.assign(Object.create(console) as Console, { warn: plain.info });
    alarm.emit(terminal, 'alarm');
    expect(failures).toHaveLength(1);
    expect(seen).toEqual([
      ['started', { event: 'started' }],
      ['alarm', { event: 'alarm' }],
    ]);
  });
});

describe('the check at run time', () => {
  it('is off by default, and then costs no record and marks nothing', () => {
    const { logger, records } = captured();
    const before = mismatches();
    defineEvents(table).emit(logger, 'order.placed', { ...placed, cents: 'x' } as never);
    expect([records()[0]!.eventMismatch, mismatches() - before]).toEqual([undefined, 0]);
  });

  it('marks and counts what does not fit, and never shows a value', () => {
    const { logger, text } = captured();
    const before = mismatches();
    const fields = { ...placed, cents: 'sesame-1', by: 'sesame-2' };
    defineEvents(table, { check: true }).emit(logger, 'order.placed', fields as never);
    const { eventMismatch } = JSON.parse(text[0]!) as { eventMismatch: string[] };
    expect(eventMismatch).toHaveLength(2);
    expect(eventMismatch.join()).not.toContain('sesame');
    expect(mismatches() - before).toBe(1);
    expect(loggingMetrics().toPrometheus()).toContain(
      `agent4_logging_event_mismatches_total ${mismatches()}`,
    );
  });

  it.each([
    ['string', 's', 1],
    ['number', Number.NaN, '1'],
    ['boolean', false, 0],
    ['bigint', 1n, 1],
    ['date', new Date(Number.NaN), 0],
    ['array', [], {}],
    ['object', {}, null],
  ] as const)('takes %s for what it is', (type, right, wrong) => {
    const { logger, records } = captured();
    const { emit } = defineEvents({ e: { fields: { a: type, b: `${type}?` } } }, { check: true });
    emit(logger, 'e', { a: right } as never);
    emit(logger, 'e', { a: right, b: wrong } as never);
    expect(records().map(({ eventMismatch }) => (eventMismatch as string[] | undefined)?.length)).toEqual([
      undefined,
      1,
    ]);
  });
});

describe('what is wrong never throws out of an event', () => {
  it('fields that cannot be read are a record all the same', () => {
    const { logger, records } = captured();
    const bad = Object.defineProperty({ cents: 1 }, 'orderId', {
      enumerable: true,
      get: () => {
        throw new Error('getter');
      },
    });
    const { emit } = defineEvents(table, { check: true });
    emit(logger, 'order.placed', bad as never);
    emit(logger, 'order.placed', null as never);
    emit(logger, 'order.placed', { ...placed, event: 'other' } as never);
    expect(records().map(({ event, eventMismatch }) => [event, (eventMismatch as unknown[]).length])).toEqual(
      [
        ['order.placed', 1],
        ['order.placed', 1],
        ['order.placed', 1],
      ],
    );
    expect(records()[0]).toMatchObject({ cents: 1 });
  });

  it('a logger that throws or has no such method is told as a failure', () => {
    const failures = heard('failure');
    const { emit } = defineEvents(table);
    emit({} as never, 'started');
    emit(
      {
        info: () => {
          throw new Error('full');
        },
        error: () => {},
      },
      'started',
    );
    expect(failures.map(({ source }) => source)).toEqual(['event started', 'event started']);
  });
});

it.each([
  [undefined, 'events must be an object of definitions by name, got undefined'],
  [{}, 'events must be an object of definitions by name, got [object Object]'],
  [{ a: 3 }, "event 'a' options must be an object, got 3"],
  [{ a: { lvl: 'info' } }, `event 'a' has no option "lvl"; it knows level, message, fields`],
  [{ a: { level: 'loud' } }, "level of event 'a' must be one of error, warn"],
  [{ a: { message: '' } }, "message of event 'a' must be a non-empty string, got "],
  [{ a: { fields: [] } }, "fields of event 'a' must be an object"],
  [
    { a: { fields: { level: 'string' } } },
    "fields of event 'a' must not be named as the line's own are, got level",
  ],
  [{ a: { fields: { b: 'text' } } }, "field b of event 'a' must be one of string, number"],
  [{ a: { fields: { b: [] } } }, "field b of event 'a' must be one of string, number"],
])('refuses %p', (events, message) => {
  expect(() => defineEvents(events as never)).toThrow(message);
});

it('refuses options that it does not know', () => {
  expect(() => defineEvents(table, { checks: true } as never)).toThrow('defineEvents has no option "checks"');
  expect(() => defineEvents(table, { check: 'yes' } as never)).toThrow(
    'check must be true or false, got yes',
  );
});

it('keeps the table as it was given, whatever becomes of the original', () => {
  const fields: Record<string, 'string' | 'number'> = { a: 'string' };
  const { emit, definitions } = defineEvents({ e: { fields } }, { check: true });
  fields.a = 'number';
  const { logger, records } = captured();
  emit(logger, 'e', { a: 'text' });
  expect(records()[0]!.eventMismatch).toBeUndefined();
  expect(Object.isFrozen(definitions.e)).toBe(true);
});
