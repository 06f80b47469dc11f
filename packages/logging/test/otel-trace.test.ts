import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type Context,
  context,
  createTraceState,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import { CorrelationContext, configureLogging, type LoggingOptions } from '../src/index.ts';
import { activeTrace, extract, inject, outgoingHeaders } from '../src/propagation.ts';
import { captured } from './capture.ts';
import { failures } from './failures.ts';

/** What an SDK registers: the part that knows which span is active. */
class Contexts {
  readonly #storage = new AsyncLocalStorage<Context>();
  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    fn: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(active, () => Reflect.apply(fn, self, args) as ReturnType<F>);
  }
  bind<T>(_active: Context, target: T): T {
    return target;
  }
  enable(): this {
    return this;
  }
  disable(): this {
    return this;
  }
}

const undo: Array<() => void> = [];
const configure = (options: LoggingOptions): void => void undo.push(configureLogging(options));
afterEach(() => {
  for (const back of undo.splice(0).reverse()) back();
  context.disable();
});

const span: SpanContext = {
  traceId: 'ab'.repeat(16),
  spanId: 'cd'.repeat(8),
  traceFlags: 1,
  traceState: createTraceState('vendor=1'),
};
const inSpan = <Result>(active: SpanContext, fn: () => Result): Result =>
  context.with(trace.setSpan(context.active(), trace.wrapSpanContext(active)), fn) as Result;
const ids = { traceId: span.traceId, spanId: span.spanId, traceFlags: '01' };

const own = extract({ 'x-request-id': 'r', traceparent: `00-${'12'.repeat(16)}-${'34'.repeat(8)}-00` });

describe("trace: 'otel'", () => {
  it('puts the ids of the active span on records, before those of the context', () => {
    context.setGlobalContextManager(new Contexts());
    configure({ trace: 'otel' });
    const { logger, records } = captured();
    logger.info('outside');
    inSpan(span, () => logger.info('span alone'));
    CorrelationContext.run(own, () => {
      inSpan(span, () => {
        logger.info('both');
        logger.info('both again', { a: 1 });
      });
      logger.info('context alone');
    });
    const [outside, alone, both, again, contextAlone] = records();
    expect(outside).not.toHaveProperty('traceId');
    expect(alone).toMatchObject(ids);
    expect(both).toMatchObject({ ...ids, correlationId: 'r' });
    // The parent that the context knows is not that of the SDK's span.
    expect(both).not.toHaveProperty('parentSpanId');
    expect(again).toMatchObject({ ...ids, correlationId: 'r', a: 1 });
    expect(contextAlone).toMatchObject({
      traceId: '12'.repeat(16),
      spanId: own.spanId,
      parentSpanId: '34'.repeat(8),
    });
  });

  it('follows what the context learns while the same span is active', () => {
    context.setGlobalContextManager(new Contexts());
    configure({ trace: 'otel' });
    const { logger, records } = captured();
    CorrelationContext.run({ correlationId: 'c' }, () =>
      inSpan(span, () => {
        logger.info('before');
        CorrelationContext.set({ user: 'u' });
        logger.info('after');
      }),
    );
    expect(records().map(({ user, spanId }) => [user, spanId])).toEqual([
      [undefined, span.spanId],
      ['u', span.spanId],
    ]);
  });

  it('never doubles a key, whatever the call or the child says', () => {
    context.setGlobalContextManager(new Contexts());
    configure({ trace: 'otel' });
    const { logger, text } = captured();
    inSpan(span, () => logger.child({ traceId: 'child' }).info('m', { spanId: 'call' }));
    expect(text[0]!.match(/"traceId":/g)).toHaveLength(1);
    expect(JSON.parse(text[0]!)).toMatchObject({ traceId: 'child', spanId: 'call', traceFlags: '01' });
  });

  it('leaves out of the span what belongs to no unit of work, such as a throttle’s summary', async () => {
    context.setGlobalContextManager(new Contexts());
    configure({ trace: 'otel' });
    const { logger, records } = captured({ throttle: { dedupe: { first: 1, every: 0 } } });
    await inSpan(span, async () => {
      logger.info('m');
      logger.info('m');
      await logger.flush();
    });
    const [written, summary] = records();
    expect(written).toMatchObject(ids);
    expect(summary).toMatchObject({ message: 'm', suppressed: 1 });
    expect(summary).not.toHaveProperty('traceId');
  });

  it('sends the span itself on, with its state: only the SDK makes spans', () => {
    context.setGlobalContextManager(new Contexts());
    configure({ trace: 'otel' });
    CorrelationContext.run(own, () =>
      inSpan(span, () => {
        expect(activeTrace()).toMatchObject(ids);
        expect(inject()).toEqual({
          'x-request-id': 'r',
          traceparent: `00-${span.traceId}-${span.spanId}-01`,
          tracestate: 'vendor=1',
        });
        expect(outgoingHeaders()).toEqual(inject());
      }),
    );
  });

  it.each([
    [0x00, '00'],
    [0x01, '01'],
    [0x10, '10'],
    [0xff, 'ff'],
  ])('writes flags %d as %s', (traceFlags, text) => {
    context.setGlobalContextManager(new Contexts());
    configure({ trace: 'otel' });
    inSpan({ ...span, traceFlags }, () => expect(activeTrace()!.traceFlags).toBe(text));
  });

  it('counts the context where there is no SDK, or a span that is none', () => {
    configure({ trace: 'otel' });
    CorrelationContext.run(own, () => expect(activeTrace()!.spanId).toBe(own.spanId));
    context.setGlobalContextManager(new Contexts());
    const seen = failures();
    CorrelationContext.run(own, () =>
      inSpan({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }, () =>
        expect(activeTrace()!.spanId).toBe(own.spanId),
      ),
    );
    expect(seen()).toEqual([]);
  });

  it('is off by default, and after false', () => {
    context.setGlobalContextManager(new Contexts());
    inSpan(span, () => expect(activeTrace()).toBeUndefined());
    configure({ trace: 'otel' });
    configure({ trace: false });
    inSpan(span, () => expect(activeTrace()).toBeUndefined());
  });
});

describe('a trace reader of the user', () => {
  it('is asked in each call', () => {
    let spanId = '1'.repeat(16);
    configure({ trace: () => ({ ...ids, spanId }) });
    const { logger, records } = captured();
    logger.info('m');
    spanId = '2'.repeat(16);
    logger.info('m');
    expect(records().map((record) => record.spanId)).toEqual(['1'.repeat(16), '2'.repeat(16)]);
  });

  it.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
      'trace: broken',
    ],
    ['gives nonsense', () => ({ traceId: '123', spanId: '4' }), 'trace: trace must give'],
    ['gives null', () => null, 'trace: '],
  ])('one that %s costs no line and is told', (_name, reader, message) => {
    const seen = failures();
    configure({ trace: reader as never });
    const { logger, records } = captured();
    CorrelationContext.run(own, () => logger.info('m'));
    expect(records()).toMatchObject([{ message: 'm', correlationId: 'r', spanId: own.spanId }]);
    expect(seen()).toHaveLength(1);
    expect(seen()[0]).toContain(message);
  });

  it('sends no state that is none', () => {
    configure({ trace: () => ({ ...ids, tracestate: 'a=1\r\nx: y' }) });
    expect(inject()).toEqual({ traceparent: `00-${span.traceId}-${span.spanId}-01` });
  });

  it('may log, and comes to an end', () => {
    const { logger, records } = captured();
    configure({
      trace: () => {
        logger.info('asked');
        return ids;
      },
    });
    logger.info('m');
    expect(records().map(({ message, spanId }) => [message, spanId])).toEqual([
      ['asked', undefined],
      ['m', span.spanId],
    ]);
  });

  it('is refused when it is none', () => {
    expect(() => configureLogging({ trace: 'datadog' as never })).toThrow(
      new TypeError("trace must be 'otel', a function or false, got datadog"),
    );
  });
});
