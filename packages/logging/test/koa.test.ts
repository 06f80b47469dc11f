import { once } from 'node:events';
import { get } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import Router from '@koa/router';
import Koa from 'koa';
import { httpLogging, koaLogging } from '../src/http.ts';
import { CorrelationContext } from '../src/index.ts';
import { serve, watched } from './served.ts';

const id = (): string | undefined => CorrelationContext.current()?.correlationId;

const routed = (app: Koa): Koa => {
  const router = new Router({ prefix: '/api' });
  router.get('/items/:id', async (context) => {
    await null;
    context.body = { id: id(), item: context.params.id };
  });
  router.get('/boom', () => {
    throw new Error('boom');
  });
  app.use(router.routes()).use(router.allowedMethods());
  return app;
};

/** Koa writes errors to stderr unless somebody listens. */
const quiet = (app: Koa): Koa => app.on('error', () => {});

describe('koa', () => {
  it('gives each request an id, a context and one line, labelled by the pattern of the route', async () => {
    const { options, lines, records } = watched();
    const app = routed(new Koa().use(koaLogging(options)));
    const { url } = await serve(app.callback());
    const answer = await fetch(`${url}/api/items/7?token=s3cr3t`);
    expect([answer.headers.get('x-request-id'), await answer.json()]).toEqual([
      'made-1',
      { id: 'made-1', item: '7' },
    ]);
    expect((await lines())[0]).toMatchObject({
      level: 'info',
      message: 'request completed',
      correlationId: 'made-1',
      method: 'GET',
      route: '/api/items/:id',
      url: '/api/items/7?token=[REDACTED]',
      status: 200,
      durationMs: 5,
    });
    expect(records()).toHaveLength(1);
  });

  it.each([
    ['/api/nowhere', 404],
    ['/other/1', 404],
    ['/other/2', 404],
  ])('labels the miss %s alike', async (path, status) => {
    const { options, lines } = watched();
    const app = routed(new Koa().use(koaLogging(options)));
    const { url } = await serve(app.callback());
    await fetch(`${url}${path}`);
    expect((await lines())[0]).toMatchObject({ status, route: '(unmatched)' });
  });

  it('has no label where there is no router', async () => {
    const { options, lines } = watched();
    const app = new Koa().use(koaLogging(options)).use((context) => {
      context.body = 'ok';
    });
    const { url } = await serve(app.callback());
    await fetch(url);
    expect((await lines())[0]).not.toHaveProperty('route');
  });

  it('keeps the id on an error, from whose answer koa takes all headers, and the context in its error event', async () => {
    const { options, lines } = watched();
    const seen: unknown[] = [];
    const app = routed(new Koa().use(koaLogging(options)));
    app.on('error', (error: Error) => seen.push([error.message, id()]));
    const { url } = await serve(app.callback());
    const answer = await fetch(`${url}/api/boom`);
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([500, 'made-1']);
    expect(seen).toEqual([['boom', 'made-1']]);
    expect((await lines())[0]).toMatchObject({ level: 'error', status: 500, route: '/api/boom' });
  });

  it('leaves an id that the application set itself', async () => {
    const { options } = watched();
    const app = quiet(new Koa())
      .use(koaLogging(options))
      .use((context) => {
        context.set('X-Request-Id', 'own');
        if (context.path === '/boom') context.throw(418, { headers: { 'x-request-id': 'own' } });
        context.body = 'ok';
      });
    const { url } = await serve(app.callback());
    for (const path of ['/', '/boom'])
      expect((await fetch(`${url}${path}`)).headers.get('x-request-id')).toBe('own');
  });

  it('tells a client that left', async () => {
    const { options, lines } = watched();
    const app = quiet(new Koa())
      .use(koaLogging(options))
      .use((context) => {
        context.respond = false;
        context.res.writeHead(200).write('part');
      });
    const { url } = await serve(app.callback());
    const leaving = get(url);
    leaving.on('error', () => {});
    await once(leaving, 'response');
    leaving.destroy();
    expect((await lines())[0]).toMatchObject({ level: 'warn', aborted: true, status: 200 });
  });

  it('writes one line when it is there twice, or inside of the node middleware', async () => {
    const { options, lines, records } = watched();
    const app = routed(new Koa().use(koaLogging(options)).use(koaLogging(options)));
    const outer = httpLogging(options);
    const { url } = await serve((request, response) =>
      outer(request, response, () => void app.callback()(request, response)),
    );
    expect(await (await fetch(`${url}/api/items/7`)).json()).toEqual({ id: 'made-1', item: '7' });
    await lines();
    expect(records()).toHaveLength(1);
  });

  it('refuses an option it does not know', () =>
    expect(() => koaLogging({ headers: 'x' } as never)).toThrow(
      'koaLogging has no option "headers"; it knows logger',
    ));
});
