import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { runChild } from './child.ts';

const preload = fileURLToPath(new URL('./otel-preload.ts', import.meta.url));
const early = ['--no-warnings', '--import', preload];
const traceId = '0af7651916cd43dd8448eb211c80319c';

/** Records on stdout, and what the script told on stderr. */
const run = async (script: string): Promise<{ records: Array<Record<string, unknown>>; told: unknown }> => {
  const { stdout, stderr, code } = await runChild(script, { nodeOptions: early });
  if (code !== 0) throw new Error(stderr);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return {
    records: lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    told: JSON.parse(stderr === '' ? 'null' : stderr) as unknown,
  };
};

const tell = 'process.stderr.write(JSON.stringify(told));';

describe('the OpenTelemetry instrumentation of winston', () => {
  it('active before our loggers puts its ids into lines and transports, and its transport gets each record once', async () => {
    const { records, told } = await run(`
      otel.inSpan(() => {
        l.appLogger.child({ part: 'p' }).info('in a span', { a: 1, password: 'x' });
      });
      l.createLogger({ name: 'own', destination: 'stdout' }).warn('outside');
      await l.appLogger.flush();
      const told = otel.exported();
      ${tell}`);
    expect(records).toMatchObject([
      {
        logger: 'app',
        message: 'in a span',
        part: 'p',
        a: 1,
        password: '[REDACTED]',
        trace_id: traceId,
        span_id: 'b7ad6b7169203331',
        trace_flags: '01',
      },
      { logger: 'own', message: 'outside' },
    ]);
    expect(records[1]!.trace_id).toBeUndefined();
    expect(told).toEqual([
      ['in a span', traceId],
      ['outside', null],
    ]);
  }, 30_000);

  it('leaves stdout as it is with no setup, and a transport of the user’s in its place', async () => {
    const { records, told } = await run(`
      const { default: winston } = await import(${JSON.stringify(import.meta.resolve('winston'))});
      const seen = [];
      class Own extends winston.Transport { log(info, next) { seen.push([info.message, info.trace_id ?? null]); next(); } }
      const log = l.createLogger({ name: 'own', transports: new Own() });
      otel.inSpan(() => log.info('to the transport'));
      l.appLogger.info('to stdout');
      await Promise.all([log.flush(), l.appLogger.flush()]);
      const told = { seen, exported: otel.exported(), transports: log.transports.length };
      ${tell}`);
    expect(records.map(({ message }) => message)).toEqual(['to stdout']);
    expect(told).toEqual({
      seen: [['to the transport', traceId]],
      exported: [
        ['to the transport', traceId],
        ['to stdout', null],
      ],
      transports: 2,
    });
  }, 30_000);

  it('does not get a record twice when transports are configured for all loggers', async () => {
    const { told } = await run(`
      const { default: winston } = await import(${JSON.stringify(import.meta.resolve('winston'))});
      class Own extends winston.Transport { log(info, next) { next(); } }
      l.configureLogging({ transports: new Own() });
      l.appLogger.info('once');
      await l.appLogger.flush();
      const told = otel.exported();
      ${tell}`);
    expect(told).toEqual([['once', null]]);
  }, 30_000);

  it('active after our loggers puts its ids into their lines from then on', async () => {
    const { stdout } = await runChild(
      `otel.inSpan(() => l.appLogger.info('before'));
       otel.instrument();
       otel.inSpan(() => l.appLogger.info('after'));`,
      { nodeOptions: early, env: { OTEL_EARLY: 'no' } },
    );
    const records = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.map(({ message, trace_id }) => [message, trace_id])).toEqual([
      ['before', undefined],
      ['after', traceId],
    ]);
  }, 30_000);

  it('goes on being captured by tests', async () => {
    const testing = new URL('../dist/testing.js', import.meta.url).href;
    const { told, records } = await run(`
      const { captureLogs } = await import(${JSON.stringify(testing)});
      const logs = captureLogs(() => otel.inSpan(() => l.appLogger.info('m')));
      const told = logs.records.map(({ message, trace_id }) => [message, trace_id]);
      ${tell}`);
    expect([told, records]).toEqual([[['m', traceId]], []]);
  }, 30_000);
});
