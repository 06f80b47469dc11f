import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type HealthHandlerOptions, healthHandler, type NodeRequest } from '../src/http.ts';
import { HealthRegistry, type HealthStatus } from '../src/index.ts';

const registryOf = (status: HealthStatus, optional: HealthStatus = 'up'): HealthRegistry => {
  const registry = new HealthRegistry();
  registry.register('db', () => ({ status, message: 'replica lost' }));
  registry.register('mail', () => optional, { critical: false });
  return registry;
};

const ask = async (
  path: string,
  registry = registryOf('up'),
  options: HealthHandlerOptions<Request> = {},
  init: RequestInit = {},
) => {
  const handler = healthHandler<Request>(registry, options);
  const response = await handler(new Request(`http://x${path}`, init));
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? '' : JSON.parse(text) };
};

describe('fetch style', () => {
  it.each<[string, HealthStatus, HealthStatus, number, string]>([
    ['/live', 'down', 'down', 200, 'up'],
    ['/ready', 'down', 'up', 503, 'down'],
    ['/ready', 'up', 'down', 200, 'up'],
    ['/ready', 'degraded', 'up', 200, 'degraded'],
    ['/ready', 'unknown', 'up', 200, 'unknown'],
    ['/health', 'up', 'down', 200, 'degraded'],
    ['/health', 'down', 'up', 503, 'down'],
    ['/health/?verbose=1', 'up', 'up', 200, 'up'],
  ])('answers %s, db %s and mail %s, with %d %s and nothing more', async (path, db, mail, code, word) => {
    const { status, headers, body } = await ask(path, registryOf(db, mail));
    expect([status, body]).toEqual([code, { status: word }]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('shows the checks when details are on', async () => {
    const { body } = await ask('/health', registryOf('degraded'), { details: true });
    expect(body).toMatchObject({ status: 'degraded', checks: { db: { message: 'replica lost' } } });
  });

  it('shows the checks to whom authorize lets in, and to nobody when it throws or says anything but true', async () => {
    const authorize = async (request: Request): Promise<boolean> => {
      const key = request.headers.get('x-key');
      if (key === null) throw new Error('no key');
      return key === 'odd' ? ('yes' as never) : key === 'right';
    };
    const seen = [];
    for (const key of ['right', 'wrong', 'odd', undefined]) {
      const headers = key === undefined ? {} : { 'x-key': key };
      const { body } = await ask('/ready', registryOf('up'), { authorize }, { headers });
      seen.push('checks' in body);
    }
    expect(seen).toEqual([true, false, false, false]);
  });

  it('answers HEAD without a body, other methods with 405, other paths with 404', async () => {
    const head = await ask('/ready', registryOf('down'), {}, { method: 'HEAD' });
    expect([head.status, head.body, head.headers.get('content-length')]).toEqual([503, '', '17']);
    const post = await ask('/ready', undefined, {}, { method: 'POST' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    for (const path of ['/', '/readyz', '/READY', '/x/ready', '/constructor', '//ready'])
      expect((await ask(path)).status).toBe(404);
  });

  it('serves below basePath alone', async () => {
    const options = { basePath: '/internal/probes' };
    expect((await ask('/internal/probes/live', undefined, options)).status).toBe(200);
    expect((await ask('/live', undefined, options)).status).toBe(404);
  });

  it('answers 503 when the registry itself fails', async () => {
    class Broken extends HealthRegistry {
      override report(): Promise<never> {
        return Promise.reject(new Error('secret'));
      }
    }
    expect(await ask('/health', new Broken(), { details: true })).toMatchObject({
      status: 503,
      body: { status: 'down' },
    });
  });
});

describe('node style', () => {
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });
  const serve = async (withNext: boolean): Promise<string> => {
    const handler = healthHandler<NodeRequest>(registryOf('down'), { details: true });
    const server = createServer((request, response) => {
      const next = (): void => {
        response.statusCode = 418;
        response.end('the rest of the app');
      };
      void (withNext ? handler(request, response, next) : handler(request, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  it('answers a server of node:http', async () => {
    const url = await serve(false);
    const ready = await fetch(`${url}/ready?x=1`);
    expect([ready.status, ready.headers.get('cache-control')]).toEqual([503, 'no-store']);
    expect(await ready.json()).toMatchObject({ status: 'down', checks: { db: { status: 'down' } } });
    const head = await fetch(`${url}/live`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(`${url}/shop`)).status).toBe(404);
  });

  it('leaves other paths to next', async () => {
    const url = await serve(true);
    expect(await (await fetch(`${url}/shop`)).text()).toBe('the rest of the app');
    expect((await fetch(`${url}/live`)).status).toBe(200);
  });

  it('writes nothing over an answer that has begun', async () => {
    const handler = healthHandler<NodeRequest>(registryOf('up'));
    const touched: string[] = [];
    const response = {
      headersSent: true,
      statusCode: 200,
      setHeader: (name: string) => touched.push(name),
      end: () => touched.push('end'),
    };
    await handler({ url: '/live', method: 'GET' }, response);
    expect(touched).toEqual([]);
  });
});

it.each<[unknown, unknown, string]>([
  [{}, {}, 'registry must be a HealthRegistry, got an object'],
  [undefined, {}, 'registry must be a HealthRegistry, got undefined'],
  [registryOf('up'), { detail: true }, 'healthHandler has no option "detail"'],
  [registryOf('up'), { details: 'yes' }, 'details must be true or false, got "yes"'],
  [registryOf('up'), { authorize: true }, 'authorize must be a function, got true'],
  [registryOf('up'), { details: false, authorize: () => true }, 'give one of details and authorize'],
  [registryOf('up'), { basePath: 'internal' }, 'basePath must be "" or a path such as "/internal"'],
  [registryOf('up'), { basePath: '/internal/' }, 'basePath must be'],
])('refuses options that make no sense (%#)', (registry, options, message) => {
  expect(() => healthHandler(registry as never, options as never)).toThrow(message);
});
