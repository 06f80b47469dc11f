import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ecsFormat } from '@elastic/ecs-winston-format';
import { describe, expect, it } from '@jest/globals';
import { logs } from '@opentelemetry/api-logs';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { OpenTelemetryTransportV3 } from '@opentelemetry/winston-transport';
import winston from 'winston';
import DailyRotateFile from 'winston-daily-rotate-file';
import { CorrelationContext, createLogger, type Logger, type LoggerOptions } from '../src/index.ts';
import { noon } from './capture.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'agent4-transport-'));
const linesOf = (text: string): Array<Record<string, unknown>> =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const loggerWith = (transport: winston.transport, more: Partial<LoggerOptions> = {}): Logger =>
  createLogger({ name: 'real', clock: () => noon, transports: transport, ...more } as LoggerOptions);

/** What each real transport must deliver. */
const logSome = (log: Logger): void => {
  CorrelationContext.run({ correlationId: 'c-1' }, () => {
    log.info('first', { n: 1, nested: { list: [1, 2] }, password: 'hunter2' });
    log.child({ part: 'p' }).warn('second');
    log.debug('not wanted');
  });
};

const expected = [
  {
    level: 'info',
    message: 'first',
    correlationId: 'c-1',
    n: 1,
    nested: { list: [1, 2] },
    password: '[REDACTED]',
  },
  { level: 'warn', message: 'second', correlationId: 'c-1', part: 'p' },
];

describe('winston’s own', () => {
  it('File gets our lines', async () => {
    const path = join(folder(), 'app.log');
    const file = new winston.transports.File({ filename: path });
    const log = loggerWith(file);
    logSome(log);
    log.end();
    await once(file, 'finish');
    expect(linesOf(readFileSync(path, 'utf8'))).toMatchObject(expected);
  });

  it('Console gets our lines', async () => {
    const seen: string[] = [];
    const console = new winston.transports.Console();
    const out = globalThis.console as unknown as { _stdout: { write(text: string): boolean } };
    const original = out._stdout;
    Object.defineProperty(out, '_stdout', {
      value: { write: (text: string) => seen.push(text) > 0 },
      configurable: true,
      writable: true,
    });
    try {
      const log = loggerWith(console, { destination: { write: () => {} } });
      logSome(log);
      await log.flush();
    } finally {
      Object.defineProperty(out, '_stdout', { value: original, configurable: true, writable: true });
    }
    expect(linesOf(seen.join(''))).toMatchObject(expected);
  });

  it('Http posts our records', async () => {
    const bodies: unknown[] = [];
    const server = createServer((request: IncomingMessage, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        bodies.push(JSON.parse(body));
        response.end();
        if (bodies.length === 2) server.emit('both');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const log = loggerWith(new winston.transports.Http({ host: '127.0.0.1', port }));
    const both = once(server, 'both');
    logSome(log);
    await both;
    server.closeAllConnections();
    server.close();
    expect(bodies).toMatchObject([
      expect.objectContaining(expected[0]!),
      expect.objectContaining(expected[1]!),
    ]);
  });
});

it('winston-daily-rotate-file gets our lines, also by its own format', async () => {
  for (const own of [false, true]) {
    const dirname = folder();
    const daily = new DailyRotateFile({
      dirname,
      filename: 'app-%DATE%.log',
      ...(own ? { format: winston.format.json() } : {}),
    });
    const log = loggerWith(daily);
    logSome(log);
    const finished = once(daily, 'finish');
    log.close();
    await finished;
    const name = readdirSync(dirname).find((file) => /^app-\d{4}-\d\d-\d\d\.log$/.test(file));
    const lines = linesOf(readFileSync(join(dirname, String(name)), 'utf8'));
    expect(lines).toMatchObject(expected);
    expect('timestamp' in lines[0]!).toBe(!own);
  }
});

it('the OpenTelemetry transport gets body, severity and attributes', async () => {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
  logs.setGlobalLoggerProvider(provider);
  try {
    const log = loggerWith(new OpenTelemetryTransportV3());
    logSome(log);
    await log.flush();
    await provider.forceFlush();
  } finally {
    logs.disable();
  }
  const records = exporter
    .getFinishedLogRecords()
    .map(({ body, severityText, severityNumber, attributes }) => ({
      body,
      severityText,
      severityNumber,
      attributes,
    }));
  expect(records).toMatchObject([
    {
      body: 'first',
      severityText: 'info',
      severityNumber: 9,
      attributes: { correlationId: 'c-1', n: 1, password: '[REDACTED]' },
    },
    { body: 'second', severityText: 'warn', severityNumber: 13, attributes: { part: 'p' } },
  ]);
});

it('the ECS format makes its lines of our records', async () => {
  const path = join(folder(), 'ecs.log');
  const file = new winston.transports.File({ filename: path });
  const log = loggerWith(file, { format: ecsFormat() as winston.Logform.Format });
  logSome(log);
  log.end();
  await once(file, 'finish');
  const lines = linesOf(readFileSync(path, 'utf8'));
  expect(
    lines.map(({ message, 'log.level': level, correlationId }) => [message, level, correlationId]),
  ).toEqual([
    ['first', 'info', 'c-1'],
    ['second', 'warn', 'c-1'],
  ]);
  expect(lines[0]).toMatchObject({ '@timestamp': expect.any(String), 'ecs.version': expect.any(String) });
  expect(readFileSync(path, 'utf8')).not.toContain('hunter2');
});

it('a transport that reads level and line alone is given no more', async () => {
  const path = join(folder(), 'plain.log');
  const file = new winston.transports.File({ filename: path });
  const seen: unknown[] = [];
  const log = loggerWith(file);
  log.info('first', { n: 1 });
  // Who listens to it gets the records, as ever.
  file.on('logged', (info) => seen.push({ ...info }));
  log.info('second', { n: 2 });
  log.end();
  await once(file, 'finish');
  expect(linesOf(readFileSync(path, 'utf8'))).toMatchObject([{ n: 1 }, { n: 2 }]);
  expect(seen).toContainEqual(expect.objectContaining({ message: 'second', n: 2 }));
});
