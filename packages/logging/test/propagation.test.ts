import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CorrelationContext } from '../src/index.ts';
import { createPropagation, extract, inject } from '../src/propagation.ts';
import { captured } from './capture.ts';
import { failures } from './failures.ts';

const traceId = 'ab'.repeat(16);
const caller = 'cd'.repeat(8);
const traceparent = `00-${traceId}-${caller}-01`;
const span = '1'.repeat(16);

describe('extract', () => {
  it('gives the fields of the caller with a span of our own', () => {
    const { extract: read } = createPropagation({ baggage: ['tenant'], generateSpanId: () => span });
    expect(read({ 'x-request-id': 'r-1', traceparent, baggage: 'tenant=a%20b;prop=1, plan=gold' })).toEqual({
      correlationId: 'r-1',
      traceId,
      spanId: span,
      parentSpanId: caller,
      traceFlags: '01',
      baggage: { tenant: 'a b' },
    });
  });

  it('makes a new span each time', () => {
    const spans = new Set(Array.from({ length: 100 }, () => extract({ traceparent }).spanId));
    expect(spans.size).toBe(100);
  });

  it.each<[string, unknown]>([
    ['a plain object', { 'x-request-id': 'r', traceparent }],
    ['other cases', { 'X-Request-ID': 'r', TraceParent: traceparent }],
    [
      'a Map',
      new Map([
        ['X-Request-Id', 'r'],
        ['traceparent', traceparent],
      ]),
    ],
    ['Headers', new Headers({ 'x-request-id': 'r', traceparent })],
    ['a function', (name: string) => ({ 'x-request-id': 'r', traceparent })[name]],
    [
      'bytes, as Kafka gives them',
      { 'x-request-id': Buffer.from('r'), traceparent: new TextEncoder().encode(traceparent) },
    ],
    ['lists', { 'x-request-id': ['r'], traceparent: [Buffer.from(traceparent)] }],
    ['x-correlation-id', { 'x-request-id': 'not valid', 'x-correlation-id': 'r', traceparent }],
  ])('reads %s', (_name, carrier) =>
    expect(extract(carrier as object)).toMatchObject({ correlationId: 'r', traceId, parentSpanId: caller }),
  );

  const throwing = new Proxy(
    {},
    {
      get: () => {
        throw new Error('get');
      },
      ownKeys: () => {
        throw new Error('keys');
      },
      getOwnPropertyDescriptor: () => {
        throw new Error('own');
      },
    },
  );
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const circular: unknown[] = [];
  circular.push(circular);

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'traceparent'],
    ['a proxy that throws', throwing],
    ['a revoked proxy', revoked.proxy],
    [
      'a function that throws',
      () => {
        throw new Error('no');
      },
    ],
    ['values of other types', { 'x-request-id': {}, traceparent: 7, tracestate: Symbol('s'), baggage: [] }],
    [
      'a getter that throws',
      {
        get traceparent() {
          throw new Error('no');
        },
      },
    ],
    ['two parents', { traceparent: [traceparent, traceparent] }],
    ['two ids', { 'x-request-id': ['a', 'b'] }],
    ['a list in a list', { 'x-request-id': [['r']] }],
    ['a list in itself', { traceparent: circular, 'x-request-id': [circular] }],
    ['an id too long', { 'x-request-id': 'a'.repeat(129) }],
    ['an id with a line break', { 'x-request-id': 'a\r\nb' }],
    ['megabytes', { traceparent: Buffer.alloc(1_000_000), baggage: Buffer.alloc(1_000_000) }],
    ['inherited values', Object.create({ 'x-request-id': 'r' })],
    ['a state without a parent', { tracestate: 'a=1' }],
  ])('finds nothing in %s, and does not throw', (_name, carrier) => {
    const fields = createPropagation({ baggage: ['a'] }).extract(carrier as object);
    expect(fields).toEqual({});
    expect(Object.getOwnPropertySymbols(fields)).toEqual([]);
  });

  it('never throws, and what it gives always runs', () => {
    const names = fc.constantFrom(
      'x-request-id',
      'traceparent',
      'tracestate',
      'baggage',
      'Traceparent',
      '__proto__',
    );
    const read = createPropagation({ baggage: ['a', '__proto__'] }).extract;
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.dictionary(names, fc.anything())), (carrier) => {
        CorrelationContext.run(read(carrier as object), () => inject({}));
      }),
    );
  });
});

describe('baggage', () => {
  const read = createPropagation({ baggage: ['tenant', 'plan'] }).extract;

  it('is not read by default', () => expect(extract({ baggage: 'tenant=a' })).toEqual({}));

  it.each<[string, string, object | undefined]>([
    ['takes only the names allowed', 'tenant=a,user=7,plan=b', { tenant: 'a', plan: 'b' }],
    ['tells names apart by case', 'Tenant=a', undefined],
    ['decodes', 'tenant=%E2%82%AC%20%3D%2C', { tenant: '\u20ac =,' }],
    ['leaves out what does not decode', 'tenant=%E2%82,plan=b', { plan: 'b' }],
    ['leaves out properties and spaces', ' tenant = a ; p=1 ; q , plan=b', { tenant: 'a', plan: 'b' }],
    ['keeps the first of two', 'tenant=a,tenant=b', { tenant: 'a' }],
    ['keeps an empty value', 'tenant=', { tenant: '' }],
    ['is left out whole beyond 8,192 characters', `tenant=a,x=${'x'.repeat(8_192)}`, undefined],
    ['is left out whole beyond 180 members', `tenant=a${',x=1'.repeat(180)}`, undefined],
  ])('%s', (_name, baggage, expected) => expect(read({ baggage }).baggage).toEqual(expected));

  it('a name such as __proto__ stays a name', () => {
    const { baggage } = createPropagation({ baggage: ['__proto__'] }).extract({ baggage: '__proto__=a' });
    expect(Object.entries(baggage!)).toEqual([['__proto__', 'a']]);
  });

  it('goes out only with the names allowed, encoded', () => {
    CorrelationContext.run(
      { correlationId: 'c', baggage: { tenant: 'a,b=c\r\nx: y\ud800', plan: 7, user: 'secret', list: [] } },
      () => {
        expect(inject({})).toEqual({ 'x-request-id': 'c' });
        expect(createPropagation({ baggage: ['plan', 'tenant', 'list', 'absent'] }).inject({})).toEqual({
          'x-request-id': 'c',
          baggage: 'plan=7,tenant=a%2Cb%3Dc%0D%0Ax%3A%20y%EF%BF%BD',
        });
      },
    );
  });

  it('tells what does not fit, and sends the rest', async () => {
    const seen = failures();
    CorrelationContext.run({ baggage: { tenant: 'x'.repeat(9_000), plan: 'b' } }, () =>
      expect(createPropagation({ baggage: ['tenant', 'plan'] }).inject({})).toMatchObject({
        baggage: 'plan=b',
      }),
    );
    expect(seen()).toEqual(['baggage: baggage "tenant" is left out: the header may have 8192 bytes']);
  });
});

describe('inject', () => {
  const inRequest = <Result>(fn: () => Result): Result =>
    CorrelationContext.run(extract({ 'x-request-id': 'r-1', traceparent, tracestate: 'a=1' }), fn);

  it('adds nothing outside of a context', () => expect(inject()).toEqual({}));

  it('sends a child span of the same trace each time, its flags and its state', () => {
    inRequest(() => {
      const first = inject();
      const second = inject();
      expect(first).toEqual({
        'x-request-id': 'r-1',
        traceparent: expect.stringMatching(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`)),
        tracestate: 'a=1',
      });
      const spans = [first.traceparent, second.traceparent].map((text) => text!.slice(36, 52));
      const own = CorrelationContext.current()!.spanId;
      expect(new Set([...spans, own, caller]).size).toBe(4);
    });
  });

  it('keeps the state unseen in records, through nested runs, and away from another trace', () => {
    const { logger, records } = captured();
    inRequest(() =>
      CorrelationContext.run({ step: 1 }, () => {
        CorrelationContext.set({ user: 'u' });
        logger.info('m');
        expect(inject().tracestate).toBe('a=1');
        CorrelationContext.run({ traceId: 'ef'.repeat(16), spanId: caller, traceFlags: '00' }, () => {
          expect(inject().traceparent).toContain('ef'.repeat(16));
          expect(inject()).not.toHaveProperty('tracestate');
        });
      }),
    );
    expect(Object.keys(records()[0]!)).toEqual([
      'timestamp',
      'level',
      'logger',
      'correlationId',
      'traceId',
      'spanId',
      'parentSpanId',
      'traceFlags',
      'step',
      'user',
      'message',
    ]);
  });

  it('writes to whatever takes headers', () => {
    inRequest(() => {
      const map = inject(new Map<string, string>());
      const headers = inject(new Headers());
      const calls: Record<string, string> = {};
      const set = (name: string, value: string): void => {
        calls[name] = value;
      };
      expect(inject(set)).toBe(set);
      const names = ['traceparent', 'tracestate', 'x-request-id'];
      expect([...map.keys()].sort()).toEqual(names);
      expect([...headers.keys()].sort()).toEqual(names);
      expect(Object.keys(calls).sort()).toEqual(names);
    });
  });

  it('never replaces what is there, in any case; a parent that is there keeps the state away', () => {
    inRequest(() => {
      expect(inject({ 'X-Request-Id': 'mine', TRACEPARENT: 'mine' })).toEqual({
        'X-Request-Id': 'mine',
        TRACEPARENT: 'mine',
      });
      expect([...inject(new Map([['Traceparent', 'mine']])).keys()]).toEqual(['Traceparent', 'x-request-id']);
      expect(inject({ tracestate: 'mine', 'x-request-id': undefined })).toMatchObject({
        tracestate: 'mine',
        'x-request-id': 'r-1',
      });
      expect(inject({ 'x-request-id': null })).toMatchObject({ 'x-request-id': null });
    });
  });

  it('sends no id that would break a header', () => {
    CorrelationContext.run({ correlationId: 'a\r\nset-cookie: b' }, () => expect(inject()).toEqual({}));
  });

  it('tells of a carrier that does not take it, and goes on', () => {
    const seen = failures();
    inRequest(() => {
      inject(Object.freeze({}));
      inject(() => {
        throw new Error('full');
      });
    });
    expect(seen()).toEqual(['inject: the carrier does not take "x-request-id"', 'inject: full']);
  });

  it('takes a span id only if it is one', () => {
    for (const generateSpanId of [
      () => 'nope',
      () => '0'.repeat(16),
      () => {
        throw new Error('no');
      },
    ])
      CorrelationContext.run(extract({ traceparent }), () =>
        expect(createPropagation({ generateSpanId }).inject()).toMatchObject({
          traceparent: expect.stringMatching(/^00-(ab){16}-(?!0{16})[0-9a-f]{16}-01$/),
        }),
      );
  });
});

it('what one process injects is what the next one extracts', () => {
  const id = fc.stringMatching(/^[A-Za-z0-9._~:/+=@-]{1,128}$/);
  const hex = (length: number): fc.Arbitrary<string> =>
    fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => !/^0+$/.test(text));
  const state = fc
    .dictionary(fc.stringMatching(/^[a-z][a-z0-9_@-]{0,10}$/), fc.stringMatching(/^[!-+--<>-~]{1,5}$/), {
      minKeys: 1,
      maxKeys: 20,
    })
    .map((members) =>
      Object.entries(members)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    );
  const baggage = fc.record({ tenant: fc.string({ unit: 'binary', maxLength: 200 }), plan: fc.string() });
  const flags = fc.constantFrom('00', '01', '02', '03');
  const { inject: send, extract: receive } = createPropagation({ baggage: ['tenant', 'plan'] });
  fc.assert(
    fc.property(
      id,
      hex(32),
      hex(16),
      flags,
      state,
      baggage,
      (correlationId, trace, parent, traceFlags, tracestate, carried) => {
        const first = receive({
          'x-request-id': correlationId,
          traceparent: `00-${trace}-${parent}-${traceFlags}`,
          tracestate,
        });
        CorrelationContext.run({ ...first, baggage: carried }, () => {
          const message = send();
          // Over the wire, as bytes under names of another case.
          const received = Object.fromEntries(
            Object.entries(message).map(([key, value]) => [key.toUpperCase(), Buffer.from(value)]),
          );
          const second = receive(received);
          expect(Object.fromEntries(Object.entries(second))).toEqual({
            correlationId,
            traceId: trace,
            traceFlags,
            parentSpanId: message.traceparent!.slice(36, 52),
            spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
            baggage: { tenant: carried.tenant.toWellFormed(), plan: carried.plan.toWellFormed() },
          });
          CorrelationContext.run(second, () => expect(send().tracestate).toBe(tracestate));
        });
      },
    ),
  );
});

it.each<[string, () => unknown, string]>([
  [
    'an option',
    () => createPropagation({ headers: 'x' } as never),
    'createPropagation has no option "headers"; it knows header, baggage, only, generateSpanId',
  ],
  ['header', () => createPropagation({ header: 'a b' }), 'header must be a header name, got a b'],
  [
    'baggage',
    () => createPropagation({ baggage: ['a b'] }),
    'baggage must be an array of names without spaces, got a b',
  ],
  ['baggage', () => createPropagation({ baggage: 'tenant' as never }), 'baggage must be an array of names'],
  [
    'only',
    () => createPropagation({ only: ['https://a.example/path'] }),
    'only must be a function or an array of origins such as https://api.example, got https://a.example/path',
  ],
  ['only', () => createPropagation({ only: ['a.example'] }), 'got a.example'],
  ['only', () => createPropagation({ only: 'https://a.example' as never }), 'got https://a.example'],
  [
    'generateSpanId',
    () => createPropagation({ generateSpanId: 'x' as never }),
    'generateSpanId must be a function, got x',
  ],
  ['carrier', () => inject(null as never), 'carrier must be an object or a function, got null'],
  ['carrier', () => inject([]), 'carrier must be an object or a function, got []'],
  ['carrier', () => inject('x' as never), 'carrier must be an object or a function, got x'],
])('refuses a wrong %s by name (%#)', (_name, make, message) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
});
