import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readError, toErrorView } from '../src/client.ts';

const boom = (): never => {
  throw new Error('user code ran unguarded');
};
const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const general = {
  kind: 'server',
  message: 'Something went wrong.',
  code: 'UNKNOWN',
  status: undefined,
  canRetry: false,
  retryAfterMs: undefined,
  retryAt: undefined,
  requestId: undefined,
};

const values: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 404],
  ['a symbol', Symbol('x')],
  ['a function', () => boom],
  ['an empty array', []],
  ['a revoked proxy', revoked()],
  ['every trap throws', new Proxy({}, new Proxy({}, { get: () => boom }))],
  ['wrong types', { code: 7, detail: {}, status: '500', violations: 'x', retryable: 'yes', requestId: [] }],
  ['wrong types inside error', { error: { code: 'a b', message: [], violations: [null, 1, { path: 5 }] } }],
  ['status out of range', { status: 99 }],
  ['not a number', { status: Number.NaN, retryAfterMs: Number.POSITIVE_INFINITY }],
  ['__proto__ from JSON', JSON.parse('{"__proto__":{"code":"EVIL","detail":"x","status":500}}')],
  ['getters', Object.defineProperty({}, 'error', { get: boom })],
];

describe('a value nobody should send', () => {
  it.each(values)('%s gives the general view', async (_name, value) => {
    const { fields, ...rest } = await readError(value, { online: () => true });
    expect(rest).toEqual(general);
    expect(Object.keys(fields)).toEqual([]);
  });

  it('any JSON value gives a view whose members have their types', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const view = toErrorView(value, { online: () => true });
        expect(typeof view.message).toBe('string');
        expect(view.message).not.toBe('');
        expect(view.code).toMatch(/^[A-Z][A-Z0-9_]{1,62}$/);
        expect(typeof view.canRetry).toBe('boolean');
        expect(['offline', 'server', 'caller', 'cancelled']).toContain(view.kind);
      }),
    );
  });
});

describe('fields', () => {
  it('are a map without a prototype, and a path that is no pointer is left out', () => {
    const violations = JSON.parse(
      '[{"path":"__proto__","message":"x"},{"path":"/__proto__","message":"y","params":{"__proto__":{"a":1},"b":2}}]',
    );
    const { fields } = toErrorView({ violations });
    expect(Object.getPrototypeOf(fields)).toBe(null);
    expect(Object.keys(fields)).toEqual(['/__proto__']);
    expect(fields['/__proto__']?.[0]?.params).toEqual({ b: 2 });
    expect(({} as Record<string, unknown>).a).toBe(undefined);
  });

  it('are at most 100 of a body, texts are cut and have no control characters', () => {
    const one = { path: '/a', message: `a\u202eb\u0000${'x'.repeat(1000)}` };
    const found = toErrorView({ violations: Array.from({ length: 5000 }, () => one) }).fields['/a'] ?? [];
    expect(found).toHaveLength(100);
    expect(found[0]?.message).toBe(`a b ${'x'.repeat(495)}…`);
  });

  it('markup stays text', () => {
    const text = '<img src=x onerror=alert(1)>';
    expect(toErrorView({ code: 'BAD_NAME', detail: text }).message).toBe(text);
  });
});

describe('a body that does not behave', () => {
  it.each<[string, unknown]>([
    ['a reader of nothing', { getReader: () => ({}) }],
    ['a reader that gives no bytes', { getReader: () => ({ read: async () => ({}), cancel: boom }) }],
    ['a reader that throws', { getReader: () => ({ read: boom, cancel: boom }) }],
    ['a body that throws', { getReader: boom }],
    ['no body, and a text that is none', undefined],
  ])('%s gives the view of the status', async (_name, body) => {
    const response = { status: 404, headers: { get: boom }, body, text: () => 7 };
    expect(await readError(response)).toMatchObject({ status: 404, code: 'NOT_FOUND', requestId: undefined });
  });

  const streamed = (
    pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void,
    cancel?: () => void,
  ) => new Response(new ReadableStream({ pull, ...(cancel && { cancel }) }), { status: 500 });

  it('is left after maxBodyBytes', async () => {
    let pulled = 0;
    let cancelled = false;
    const endless = streamed(
      (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024).fill(32));
      },
      () => {
        cancelled = true;
      },
    );
    const view = await readError(endless, { maxBodyBytes: 10_000 });
    expect([view.status, view.message]).toEqual([500, 'Something went wrong.']);
    expect(pulled).toBeLessThan(15);
    expect(cancelled).toBe(true);
  });

  it('is left after bodyTimeoutMs', async () => {
    let fire = (): void => {};
    const timers = {
      setTimeout: (fn: () => void, ms: number) => {
        expect(ms).toBe(250);
        fire = fn;
        return 1;
      },
      clearTimeout: () => {},
    };
    const stalled = streamed(() => new Promise(() => {}) as never);
    const reading = readError(stalled, { bodyTimeoutMs: 250, timers });
    fire();
    expect((await reading).status).toBe(500);
  });

  it('that breaks off, was read before, or is cut in mid JSON gives the view of the status', async () => {
    const broken = streamed((controller) => controller.error(new Error('reset')));
    const used = new Response('{"detail":"x"}', { status: 404 });
    await used.text();
    const cut = new Response('{"detail":"x', { status: 404 });
    const deep = new Response('['.repeat(60_000), { status: 404 });
    expect((await readError(broken)).code).toBe('UNKNOWN');
    for (const response of [used, cut, deep])
      expect((await readError(response)).message).toBe('This was not found.');
  });
});
