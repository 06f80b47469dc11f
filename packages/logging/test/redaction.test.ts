import { describe, expect, it } from '@jest/globals';
import { CorrelationContext, configureLogging } from '../src/index.ts';
import { captured } from './capture.ts';

describe('default redaction', () => {
  it.each([
    'password',
    'API-KEY',
    'apiKey',
    'api_key',
    'Set-Cookie',
    'authorization',
    'access_token',
    'clientSecret',
  ])('hides %s wherever it is', (key) => {
    const { logger, text } = captured({ base: { base: { [key]: 's3cr3t' } } });
    const error = Object.assign(new Error('e'), { config: { headers: { [key]: 's3cr3t' } } });
    CorrelationContext.run({ correlationId: 'c', [key]: 's3cr3t' }, () =>
      logger.child({ child: { [key]: ['s3cr3t'] } }).info('m', {
        [key]: 's3cr3t',
        list: [{ [key]: 's3cr3t' }],
        map: new Map([[key, 's3cr3t']]),
        pairs: new Map<unknown, unknown>([[1, { [key]: 's3cr3t' }]]),
        error,
      }),
    );
    expect(text[0]).not.toContain('s3cr3t');
    expect(text[0]!.match(/\[REDACTED\]/g)).toHaveLength(7);
  });

  it.each(['key', 'address', 'tokens', 'secretary', 'author'])('shows %s', (key) => {
    const { logger, records } = captured();
    logger.info('m', { [key]: 'shown' });
    expect(records()[0]![key]).toBe('shown');
  });

  it('hides credentials in URLs, in message, fields, errors and map keys, also across the cut', () => {
    const { logger, text } = captured({ limits: { maxStringLength: 64 } });
    const url = 'postgres://user:s3cr3t@db:5432/app';
    logger.info(`to ${url}`, { url, map: new Map([[url, 1]]), cut: `${'x'.repeat(46)}${url}` });
    logger.error(new Error(`no answer from ${url}`));
    expect(text.join('')).not.toContain('s3cr3t');
    expect(text[0]).toContain('"url":"postgres://[REDACTED]@db:5432/app"');
  });

  it('hides a text key beside other keys of a Map', () => {
    const { logger, text } = captured();
    logger.info('m', {
      map: new Map<unknown, unknown>([
        [1, 2],
        ['password', 's3cr3t'],
      ]),
    });
    expect(text[0]).not.toContain('s3cr3t');
  });

  it('is off with false', () => {
    const { logger, records } = captured({ redact: false });
    logger.info('m', { password: 'p', url: 'http://u:p@h' });
    expect(records()[0]).toMatchObject({ password: 'p', url: 'http://u:p@h' });
  });
});

describe('paths', () => {
  const fields = { a: { b: 1, c: { b: 2 } }, list: [{ b: 3, d: 4 }], 'x.y': { b: 5 } };
  const X = '[REDACTED]';
  it.each<[string, object]>([
    ['a.b', { ...fields, a: { b: X, c: { b: 2 } } }],
    ['a', { ...fields, a: X }],
    ['a.*', { ...fields, a: { b: X, c: X } }],
    ['a.**', { ...fields, a: { b: X, c: X } }],
    ['list.*.d', { ...fields, list: [{ b: 3, d: X }] }],
    ['list[0].d', { ...fields, list: [{ b: 3, d: X }] }],
    ['["x.y"].b', { ...fields, 'x.y': { b: X } }],
    ['a.**.b', { ...fields, a: { b: X, c: { b: X } } }],
    ['**.b', { a: { b: X, c: { b: X } }, list: [{ b: X, d: 4 }], 'x.y': { b: X } }],
    ['nothing.here', fields],
  ])('%s', (path, expected) => {
    const { logger, records } = captured({ redact: { paths: [path] } });
    logger.info('m', fields);
    expect(records()[0]).toMatchObject(expected);
  });

  it('reach children, context and errors', () => {
    const { logger, text } = captured({ redact: { paths: ['user.mail', 'error.mail'] } });
    CorrelationContext.run({ correlationId: 'c', user: { mail: 's3cr3t' } }, () => logger.info('m'));
    logger.child({ user: { mail: 's3cr3t' } }).error('m', Object.assign(new Error('e'), { mail: 's3cr3t' }));
    expect(text.join('')).not.toContain('s3cr3t');
  });
});

describe('options', () => {
  it('takes keys, and a censor whose faults stay hidden', () => {
    const { logger, records } = captured({
      redact: {
        keys: ['Tax Id'],
        censor: (value, key) => {
          if (key === 'token') throw new Error('censor');
          if (key === 'secret') return {} as string;
          return `${String(value).slice(0, 1)}***`;
        },
      },
    });
    logger.info('m', { tax_id: 'DE1', token: 't', secret: 's' });
    expect(records()[0]).toMatchObject({ tax_id: 'D***', token: '[REDACTED]', secret: '[REDACTED]' });
  });

  it('that come later reach bindings made earlier', () => {
    const { logger, records } = captured();
    const child = logger.child({ mail: 'm@x' });
    child.info('before');
    const undo = configureLogging({ redact: { keys: ['mail'] } });
    child.info('after');
    undo();
    expect(records().map(({ mail }) => mail)).toEqual(['m@x', '[REDACTED]']);
  });

  it('are refused with their name when they are wrong', () => {
    expect(() => captured({ redact: { paths: [''] } })).toThrow(
      new TypeError('redact.paths must be an array of non-empty strings, got '),
    );
    expect(() => captured({ redact: { censor: 1 as never } })).toThrow(
      'redact.censor must be a string or a function, got 1',
    );
  });
});
