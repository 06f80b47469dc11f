import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import winston from 'winston';
import { CorrelationContext, configureLogging, type Format, type LoggerOptions } from '../src/index.ts';
import { captured } from './capture.ts';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const context = {
  correlationId: 'c-1',
  traceId: trace,
  spanId: '00f067aa0ba902b7',
  traceFlags: '01',
  tenant: 't',
};
const time = '2026-01-02T12:00:00.000Z';

const lineOf = (format: Format, log: (logger: ReturnType<typeof captured>['logger']) => void): string => {
  const { logger, text } = captured({ format });
  CorrelationContext.run(context, () => log(logger));
  expect(() => JSON.parse(text[0]!)).not.toThrow();
  return text[0]!.slice(0, -1);
};

const ids = `"traceId":"${trace}","spanId":"00f067aa0ba902b7"`;

it.each<[string, Format, string]>([
  [
    'json',
    'json',
    `{"timestamp":"${time}","level":"warn","logger":"test","correlationId":"c-1",${ids},"traceFlags":"01","tenant":"t","message":"m","a":1}`,
  ],
  [
    'ecs',
    'ecs',
    `{"@timestamp":"${time}","log.level":"warn","http.request.id":"c-1","trace.id":"${trace}","span.id":"00f067aa0ba902b7","traceFlags":"01","tenant":"t","message":"m","ecs.version":"8.11.0","log.logger":"test","a":1}`,
  ],
  [
    'otel',
    'otel',
    `{"timestamp":"${time}","severity_text":"WARN","severity_number":13,"trace_id":"${trace}","span_id":"00f067aa0ba902b7","trace_flags":"01","body":"m","attributes":{"logger.name":"test","correlationId":"c-1","tenant":"t","a":1}}`,
  ],
  [
    'gcp',
    'gcp',
    `{"time":"${time}","severity":"WARNING","logger":"test","correlationId":"c-1","logging.googleapis.com/trace":"${trace}","logging.googleapis.com/spanId":"00f067aa0ba902b7","logging.googleapis.com/trace_sampled":true,"tenant":"t","message":"m","a":1}`,
  ],
  [
    'gcp with a project',
    { name: 'gcp', project: 'shop-1' },
    `{"time":"${time}","severity":"WARNING","logger":"test","correlationId":"c-1","logging.googleapis.com/trace":"projects/shop-1/traces/${trace}","logging.googleapis.com/spanId":"00f067aa0ba902b7","logging.googleapis.com/trace_sampled":true,"tenant":"t","message":"m","a":1}`,
  ],
  [
    'aws',
    'aws',
    `{"timestamp":"${time}","level":"WARN","logger":"test","requestId":"c-1",${ids},"traceFlags":"01","tenant":"t","message":"m","a":1}`,
  ],
  [
    'datadog',
    'datadog',
    `{"timestamp":"${time}","status":"warn","logger.name":"test","correlationId":"c-1","dd.trace_id":"${BigInt('0xa3ce929d0e0e4736')}","dd.span_id":"${BigInt('0x00f067aa0ba902b7')}","traceFlags":"01","tenant":"t","message":"m","a":1}`,
  ],
])('%s: the whole line', (_name, format, expected) => {
  expect(lineOf(format, (log) => log.warn('m', { a: 1 }))).toBe(expected);
});

describe('an error', () => {
  it.each<[Format, (record: Record<string, Record<string, unknown>>) => unknown, string[]]>([
    ['json', (record) => record.error, ['name', 'message', 'code', 'stack', 'cause']],
    ['ecs', (record) => record.error, ['type', 'message', 'code', 'stack_trace', 'cause']],
    ['gcp', (record) => record.error, ['name', 'message', 'code', 'stack', 'cause']],
    ['aws', (record) => record.error, ['name', 'message', 'code', 'stack', 'cause']],
    ['datadog', (record) => record.error, ['kind', 'message', 'code', 'stack', 'cause']],
  ])('has its parts under the names of %s', (format, find, keys) => {
    const error = Object.assign(new RangeError('boom', { cause: new Error('inner') }), { code: 'E_X' });
    const found = find(
      JSON.parse(lineOf(format, (log) => log.error('m', error))) as Record<string, Record<string, unknown>>,
    ) as Record<string, unknown>;
    expect(Object.keys(found)).toEqual(keys);
    expect(found[keys[0]!]).toBe('RangeError');
    expect(found[keys[3]!]).toMatch(/^RangeError: boom\n {4}at /);
    expect(Object.keys(found.cause as object)[0]).toBe(keys[0]);
  });
});

describe('an error in otel', () => {
  const attributesOf = (fields: object, options: Partial<LoggerOptions> = {}): Record<string, unknown> => {
    const { logger, records } = captured({ format: 'otel', ...options });
    logger.error('m', fields);
    return records()[0]!.attributes as Record<string, unknown>;
  };
  const error = Object.assign(new RangeError('boom', { cause: new TypeError('inner') }), {
    code: 'E_X',
    password: 'hunter2',
  });

  it('is attributes of the convention’s names, and what else it has', () => {
    const { 'exception.stacktrace': stack, ...rest } = attributesOf({ error, a: 1 });
    expect(stack).toMatch(/^RangeError: boom\n {4}at /);
    expect(rest).toEqual({
      'logger.name': 'test',
      'exception.type': 'RangeError',
      'exception.message': 'boom',
      error: {
        code: 'E_X',
        password: '[REDACTED]',
        cause: { type: 'TypeError', message: 'inner', stacktrace: expect.any(String) },
      },
      a: 1,
    });
    expect(attributesOf({ error: new Error('bare') })).not.toHaveProperty('error');
  });

  it('is one error where a child and a call have one each, and no key is there twice', () => {
    const { logger, text } = captured({ format: 'otel' });
    logger.child({ error: new Error('old') }).error('m', { error: new TypeError('new') });
    logger.error('m', { error: new TypeError('new'), 'exception.type': 'given' });
    for (const line of text) {
      expect(line.split('"exception.type":')).toHaveLength(2);
      expect(JSON.parse(line).attributes['exception.message']).toBe('new');
    }
    expect(JSON.parse(text[1]!).attributes['exception.type']).toBe('given');
  });

  it('is hidden by paths and keys as in every format', () => {
    const hidden = { error: '[REDACTED]' };
    expect(attributesOf({ error }, { redact: { paths: ['error.message'] } })).toMatchObject({
      'exception.type': 'RangeError',
      'exception.message': '[REDACTED]',
    });
    for (const redact of [{ paths: ['error'] }, { keys: ['error'] }])
      expect(attributesOf({ error }, { redact })).toEqual({ 'logger.name': 'test', ...hidden });
  });

  it('that speaks for itself, stands in another field or is no Error stays as it is', () => {
    const own = { toLogRecord: () => ({ kind: 'own' }) };
    expect(attributesOf({ error: own })).toMatchObject({ error: { kind: 'own' } });
    expect(attributesOf({ reason: error })).toMatchObject({ reason: { type: 'RangeError' } });
    expect(attributesOf({ error: 'text' })).toMatchObject({ error: 'text' });
  });

  it('is given to transports as the same fields', () => {
    const infos: unknown[] = [];
    const format = winston.format((info) => {
      infos.push({ ...info });
      return info;
    })();
    const undo = configureLogging({ format: 'otel' });
    const { logger } = captured({ format });
    logger.error('m', { error });
    undo();
    expect(infos).toMatchObject([
      { message: 'm', 'exception.type': 'RangeError', 'exception.message': 'boom', error: { code: 'E_X' } },
    ]);
  });
});

describe('a field that has a name of the line’s own', () => {
  it.each<[Format, string[]]>([
    ['json', ['timestamp', 'level', 'logger', 'message', 'fields']],
    ['ecs', ['@timestamp', 'log.level', 'log.logger', 'message', 'ecs.version', 'log', 'ecs']],
    ['gcp', ['time', 'severity', 'logger', 'message']],
    ['aws', ['timestamp', 'level', 'logger', 'message']],
    ['datadog', ['timestamp', 'status', 'logger.name', 'message']],
  ])('goes to fields in %s', (format, names) => {
    const evil = Object.fromEntries(names.map((name) => [name, 'evil']));
    const line = lineOf(format, (log) => log.info('m', { ...evil, own: 1 }));
    const { fields, ...rest } = JSON.parse(line) as { fields: Record<string, unknown> };
    expect(fields).toEqual(evil);
    expect(JSON.stringify(rest)).not.toContain('evil');
    for (const name of names.slice(0, 4)) expect(line.split(`"${name}":`).length).toBeLessThanOrEqual(3);
  });

  it('is an attribute like any other in otel', () => {
    const line = lineOf('otel', (log) => log.info('m', { body: 'x', timestamp: 'y', 'logger.name': 'evil' }));
    expect(JSON.parse(line).attributes).toMatchObject({
      'logger.name': 'test',
      body: 'x',
      timestamp: 'y',
      fields: { 'logger.name': 'evil' },
    });
  });

  it.each<[Format, string]>([
    ['ecs', 'trace.id'],
    ['gcp', 'logging.googleapis.com/trace'],
    ['datadog', 'dd.trace_id'],
  ])('wins over the id of the context in %s, without a second key', (format, name) => {
    const line = lineOf(format, (log) => log.info('m', { [name]: 'mine' }));
    expect(line.split(`"${name}":`)).toHaveLength(2);
    expect(JSON.parse(line)[name]).toBe('mine');
  });
});

describe('levels in the words of the reader', () => {
  it.each<[Format, string, string[]]>([
    ['gcp', 'severity', ['ERROR', 'WARNING', 'INFO', 'DEBUG', 'DEBUG', 'DEBUG', 'DEBUG']],
    ['aws', 'level', ['ERROR', 'WARN', 'INFO', 'DEBUG', 'DEBUG', 'DEBUG', 'TRACE']],
    ['datadog', 'status', ['error', 'warn', 'info', 'debug', 'debug', 'debug', 'debug']],
    ['otel', 'severity_number', [17, 13, 9, 7, 6, 5, 1] as never],
  ])('%s', (format, key, expected) => {
    const { logger, records } = captured({ format, level: 'silly' });
    for (const level of ['error', 'warn', 'info', 'http', 'verbose', 'debug', 'silly'] as const)
      logger[level]('m');
    expect(records().map((record) => record[key])).toEqual(expected);
  });
});

it.each<[unknown, string]>([
  ['yaml', 'format must be json, pretty, ecs, otel, gcp, aws, datadog or a winston format, got yaml'],
  [{ name: 'ecs', project: 'p' }, 'format.name must be gcp, got ecs'],
  [{ name: 'gcp', project: 'p/q' }, 'format.project must be the id of a Google Cloud project, got p/q'],
  [{ name: 'gcp', project: 'p', region: 'r' }, 'format has no option "region"; it knows name, project'],
])('refuses a format it does not know: %j', (format, message) => {
  expect(() => captured({ format: format as never })).toThrow(message);
});

describe('LOG_FORMAT', () => {
  const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));
  const printed = (LOG_FORMAT: string, script: string): string => {
    const { NODE_OPTIONS: _jest, FORCE_COLOR: _colour, ...env } = process.env;
    const code = `import * as l from ${JSON.stringify(entry)};\n${script}`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      env: { ...env, LOG_FORMAT },
      encoding: 'utf8',
    });
    return stdout;
  };
  const plain = "l.appLogger.info('m');";

  it('names a format for all that code says nothing of', () => {
    expect(printed(' ECS ', plain)).toMatch(/^\{"@timestamp"/);
    expect(printed('pretty', plain)).toMatch(/^[\d:.]{12} INFO {2}app {2}m\n$/);
    expect(printed('', plain)).toMatch(/^\{"timestamp"/);
    expect(printed('ecs', "l.createLogger({ name: 'x', format: 'json' }).info('m');")).toMatch(
      /^\{"timestamp"/,
    );
  });

  it('does not draw for an object', () => {
    const script = "l.createLogger({ name: 'x', destination: { write: (t) => console.log(t) } }).info('m');";
    expect(printed('pretty', script)).toMatch(/^\{"timestamp"/);
  });

  it('is told once when it is wrong', () => {
    const lines = printed('yaml', plain).trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'warn', given: 'yaml', logger: 'app' });
  });
});
