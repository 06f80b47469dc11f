import { describe, expect, it } from '@jest/globals';
import { CancelledError, ExternalServiceError, handleError, NotFoundError } from '../src/index.ts';
import { recordError, type SpanLike } from '../src/otel.ts';

/** A span that keeps what it was told. */
const span = (recording = true) => {
  const told: { events: unknown[]; attributes: Record<string, unknown>; status: unknown[] } = {
    events: [],
    attributes: {},
    status: [],
  };
  const like: SpanLike = {
    isRecording: () => recording,
    addEvent: (name, attributes) => told.events.push([name, attributes]),
    setAttributes: (attributes) => Object.assign(told.attributes, attributes),
    setStatus: (status) => told.status.push(status),
  };
  return { like, told };
};

describe('recordError', () => {
  it('records the exception, error.type and status ERROR for a failure of a dependency', () => {
    const { like, told } = span();
    const error = new ExternalServiceError('GET https://u:hunter2@api failed', { code: 'RATES_DOWN' });
    const structured = recordError(like, handleError(error, { correlationId: 'req-1' }));
    expect(told.events).toEqual([
      [
        'exception',
        {
          'exception.type': 'ExternalServiceError',
          'exception.message': 'GET https://***@api failed',
          'exception.stacktrace': expect.stringContaining('otel.test.ts'),
        },
      ],
    ]);
    expect(told.attributes).toEqual({
      'error.type': 'RATES_DOWN',
      'agent4.error.code': 'RATES_DOWN',
      'agent4.error.category': 'EXTERNAL_SERVICE',
      'agent4.error.status_code': 'UNAVAILABLE',
      'agent4.error.severity': 'error',
      'agent4.error.fault': 'dependency',
      'agent4.error.retryable': true,
      'agent4.error.fingerprint': structured.fingerprint,
      'agent4.correlation_id': 'req-1',
    });
    expect(told.status).toEqual([{ code: 2, message: 'RATES_DOWN' }]);
    expect(JSON.stringify(told)).not.toContain('hunter2');
  });

  it.each([
    ['a fault of the caller', new NotFoundError('x')],
    ['a cancellation', new CancelledError('x')],
  ])('leaves error.type and status unset for %s', (_name, error) => {
    const { like, told } = span();
    recordError(like, error);
    expect(told.status).toEqual([]);
    expect(told.attributes).not.toHaveProperty(['error.type']);
    expect(told.events).toHaveLength(1);
  });

  it('has few values of error.type: ids in messages and foreign codes do not become one', () => {
    const types = new Set<unknown>();
    for (let id = 0; id < 50; id++) {
      const { like, told } = span();
      recordError(like, Object.assign(new Error(`row ${id}`), { code: `E_ROW_${id}` }));
      types.add(told.attributes['error.type']);
    }
    expect([...types]).toEqual(['UNKNOWN']);
  });

  it('tells a span nothing that does not record', () => {
    const { like, told } = span(false);
    recordError(like, new Error('x'));
    expect(told).toEqual({ events: [], attributes: {}, status: [] });
  });

  it('handles any value, and gives the structured error back in spite of a span that throws', () => {
    const { like } = span();
    const boom = (): never => {
      throw new Error('exporter');
    };
    expect(recordError({ ...like, addEvent: boom }, undefined).public.code).toBe('UNKNOWN');
    expect(recordError(null as unknown as SpanLike, 'text').public.code).toBe('UNKNOWN');
  });
});
