import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clientAddress, trustOf } from '../src/http/client-address.ts';
import { type HttpLogger, type HttpLoggingOptions, httpLogging } from '../src/http.ts';
import { CorrelationContext } from '../src/index.ts';
import { inject } from '../src/propagation.ts';
import { failures } from './failures.ts';
import { serve, watched } from './served.ts';

const requested = async (
  given: HttpLoggingOptions,
  headers: Record<string, string> = {},
  answer = 'body',
): Promise<Record<string, unknown>> => {
  const { options, lines } = watched(given);
  const middleware = httpLogging(options);
  const { url } = await serve((request, response) =>
    middleware(request, response, () => response.end(answer)),
  );
  await (await fetch(`${url}/x`, { headers })).text();
  return (await lines())[0]!;
};

describe('include', () => {
  it('adds nothing by default', async () =>
    expect(Object.keys(await requested({}, { 'x-forwarded-for': '1.2.3.4' }))).toEqual([
      'timestamp',
      'level',
      'logger',
      'correlationId',
      'message',
      'method',
      'url',
      'status',
      'durationMs',
    ]));

  it('adds what is named', async () => {
    const line = await requested(
      { include: ['ip', 'userAgent', 'bytesSent'] },
      { 'user-agent': `me ${'x'.repeat(600)}` },
    );
    expect(line).toMatchObject({ ip: '127.0.0.1', userAgent: `me ${'x'.repeat(509)}` });
    expect(line.bytesSent).toBeGreaterThan(100);
  });

  it('counts the bytes of each request on a connection by themselves', async () => {
    const { options, lines } = watched({ include: ['bytesSent'] });
    const middleware = httpLogging(options);
    const { url } = await serve((request, response) =>
      middleware(request, response, () => {
        response.sendDate = false;
        response.end('x'.repeat(Number(request.url!.slice(1))));
      }),
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const size of [1_000, 2_000]) {
      const [response] = (await once(get(`${url}/${size}`, { agent }), 'response')) as [IncomingMessage];
      await text(response);
    }
    agent.destroy();
    const [first, second] = (await lines(2)).map(({ bytesSent }) => bytesSent as number);
    expect(second! - first!).toBe(1_000);
  });
});

describe('trustProxy', () => {
  const forwarded = { 'x-forwarded-for': '6.6.6.6, 1.1.1.1, 10.0.0.2' };

  it.each<[string, HttpLoggingOptions['trustProxy'], string]>([
    ['nobody', 0, '127.0.0.1'],
    ['one proxy', 1, '10.0.0.2'],
    ['two proxies', 2, '1.1.1.1'],
    ['more proxies than there were', 9, '6.6.6.6'],
    ['those of a network', (address) => /^(127|10)\./.test(address), '1.1.1.1'],
    ['by distance', (_address, hop) => hop < 1, '10.0.0.2'],
  ])('believes %s', async (_name, trustProxy, ip) =>
    expect((await requested({ trustProxy }, forwarded)).ip).toBe(ip),
  );

  it('believes nobody when the function throws, and tells it', async () => {
    const seen = failures();
    const trustProxy = (): boolean => {
      throw new Error('no');
    };
    expect((await requested({ trustProxy }, forwarded)).ip).toBe('127.0.0.1');
    expect(seen()).toEqual(['trustProxy: no']);
  });

  it.each([
    ['1.2.3.4:8080', '1.2.3.4'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    [' 1.2.3.4 ', '1.2.3.4'],
    ['unknown', '127.0.0.1'],
    ['_hidden', '127.0.0.1'],
    ['1.2.3.4\u0000', '127.0.0.1'],
    ['', '127.0.0.1'],
    ['999.1.1.1', '127.0.0.1'],
  ])('reads %j', (header, ip) => expect(clientAddress('::ffff:127.0.0.1', header, trustOf(1))).toBe(ip));

  it('reads nothing to the left of what is no address', () =>
    expect(clientAddress('127.0.0.1', '6.6.6.6, <script>, 10.0.0.2', trustOf(3))).toBe('10.0.0.2'));

  it('gives an address or nothing, whatever is sent', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(64), (socket, header, hops) => {
        const address = clientAddress(socket, header, trustOf(hops));
        expect(address ?? '::1').toMatch(/^[0-9a-fA-F:.%\w-]+$/);
      }),
    );
    expect(clientAddress(undefined, '1.2.3.4', trustOf(1))).toBeUndefined();
  });
});

describe('ignore', () => {
  it('is asked with the status, so that a failing health check has its line', async () => {
    const { options, lines, records } = watched({
      ignore: ({ url }, status) => url === '/health' && status < 500,
    });
    const middleware = httpLogging(options);
    let status = 200;
    const { url } = await serve((request, response) =>
      middleware(request, response, () => response.writeHead(status).end()),
    );
    await fetch(`${url}/health`);
    status = 503;
    await fetch(`${url}/health`);
    expect((await lines())[0]).toMatchObject({ url: '/health', status: 503, level: 'error' });
    expect(records()).toHaveLength(1);
  });
});

describe('what of the user’s throws', () => {
  const boom = (): never => {
    throw new Error('boom');
  };

  it.each<[string, HttpLoggingOptions, string]>([
    ['ignore', { ignore: boom }, 'ignore: boom'],
    ['generateId', { generateId: boom }, 'generateId: boom'],
  ])('%s: the request is served, its line written, the failure told', async (_name, given, failure) => {
    const seen = failures();
    expect(await requested(given)).toMatchObject({ message: 'request completed', status: 200 });
    expect(seen()).toEqual([failure]);
  });

  it('clock: the line has no duration', async () => {
    const seen = failures();
    expect(await requested({ clock: boom })).not.toHaveProperty('durationMs');
    expect(seen()).toEqual(['clock: boom', 'clock: boom']);
  });

  it('logger: the request is served, the failure told', async () => {
    const seen = failures();
    const logger: HttpLogger = { info: boom, warn: boom, error: boom };
    const middleware = httpLogging({ logger });
    const { url } = await serve((request, response) =>
      middleware(request, response, () => response.end('ok')),
    );
    expect(await (await fetch(url)).text()).toBe('ok');
    while (seen().length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(seen()).toEqual(['logger: boom']);
  });
});

describe('a trace', () => {
  const traceId = 'ab'.repeat(16);
  const caller = 'cd'.repeat(8);
  const span = '1'.repeat(16);
  const headers = {
    traceparent: `00-${traceId}-${caller}-01`,
    tracestate: 'a=1',
    baggage: 'tenant=t%201,user=7',
  };

  it('that came in is on the line, with a span of our own and the caller as its parent', async () => {
    const line = await requested({ generateSpanId: () => span, baggage: ['tenant'] }, headers);
    expect(line).toMatchObject({
      traceId,
      spanId: span,
      parentSpanId: caller,
      traceFlags: '01',
      baggage: { tenant: 't 1' },
    });
  });

  it('goes on in what the handler calls', async () => {
    const { options, lines } = watched();
    const middleware = httpLogging(options);
    let sent: Record<string, string> = {};
    const { url } = await serve((request, response) =>
      middleware(request, response, async () => {
        await null;
        sent = inject();
        response.end();
      }),
    );
    await fetch(url, { headers });
    await lines();
    expect(sent).toMatchObject({ 'x-request-id': 'made-1', tracestate: 'a=1' });
    expect(sent.traceparent).toMatch(new RegExp(`^00-${traceId}-(?!${caller})[0-9a-f]{16}-01$`));
    expect(sent).not.toHaveProperty('baggage');
  });

  it('is none without a header: a new one would decide about sampling for all behind', async () => {
    const line = await requested({});
    for (const name of ['traceId', 'spanId', 'parentSpanId', 'traceFlags', 'baggage'])
      expect(line).not.toHaveProperty(name);
  });

  it('of two headers is not believed', async () => {
    const { options, lines } = watched();
    const middleware = httpLogging(options);
    const { port } = await serve((request, response) => middleware(request, response, () => response.end()));
    const socket = connect(port, '127.0.0.1');
    const { traceparent } = headers;
    socket.end(
      `GET / HTTP/1.1\r\nhost: x\r\ntraceparent: ${traceparent}\r\ntraceparent: ${traceparent}\r\n\r\n`,
    );
    await text(socket);
    expect((await lines())[0]).not.toHaveProperty('traceId');
  });

  it('is told to a logger that is not ours, which does not know the context', async () => {
    const said: unknown[] = [];
    const note = (message: string, fields?: Record<string, unknown>): void =>
      void said.push({ message, ...fields });
    await requestedBy({ info: note, warn: note, error: note }, said);
    expect(said).toMatchObject([
      { message: 'request completed', correlationId: 'made-1', traceId, spanId: span },
    ]);
  });

  const requestedBy = async (logger: HttpLogger, said: unknown[]): Promise<void> => {
    const { options } = watched({ logger, generateSpanId: () => span });
    const middleware = httpLogging(options);
    const { url } = await serve((request, response) => middleware(request, response, () => response.end()));
    await fetch(url, { headers });
    while (said.length === 0) await new Promise((resolve) => setImmediate(resolve));
  };

  it('stays when an application runs more inside of it', async () => {
    const { options, lines, records, logger } = watched();
    const middleware = httpLogging(options);
    const { url } = await serve((request, response) =>
      middleware(request, response, () =>
        CorrelationContext.run({ job: 7 }, () => {
          logger.info('inner');
          response.end();
        }),
      ),
    );
    await fetch(url, { headers });
    await lines();
    expect(records().find(({ message }) => message === 'inner')).toMatchObject({ traceId, job: 7 });
  });
});

it.each<[HttpLoggingOptions, string]>([
  [{ include: ['ua'] as never }, 'include must be an array of ip, userAgent, bytesSent, got ua'],
  [{ include: 'ip' as never }, 'include must be an array of ip, userAgent, bytesSent, got ip'],
  [{ trustProxy: true as never }, 'trustProxy must be a function or an integer from 0 to 64, got true'],
  [{ trustProxy: -1 }, 'trustProxy must be a function or an integer from 0 to 64, got -1'],
  [{ trustProxy: 1.5 }, 'trustProxy must be a function or an integer from 0 to 64, got 1.5'],
  [{ baggage: ['a b'] }, 'baggage must be an array of names without spaces, got a b'],
  [{ generateSpanId: 7 as never }, 'generateSpanId must be a function, got 7'],
])('refuses a wrong option by name: %j', (options, message) =>
  expect(() => httpLogging(options)).toThrow(new TypeError(message)),
);
