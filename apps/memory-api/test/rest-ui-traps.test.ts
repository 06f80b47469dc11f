import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Row, startApi, type TestApi } from './harness.ts';

const ZONELESS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/;

/** What OpenMemory's web UI relies on, each in the way the UI does it. */
describe('the traps of OpenMemory’s web UI', () => {
  let api: TestApi;
  let row: Row;
  beforeEach(async () => {
    api = await startApi({ env: { EMBEDDER: 'none' } });
    row = await api.add('Ada sees her doctor', { app: 'openmemory' });
  });
  afterEach(() => api.close());
  const filter = async (more: Record<string, unknown> = {}) =>
    (
      await api.call<{ items: Record<string, unknown>[] }>('POST', '/api/v1/memories/filter', {
        user_id: 'ada',
        page: 1,
        size: 10,
        ...more,
      })
    ).body;

  it('1: created_at of filter and related is a number of seconds', async () => {
    await api.add('another doctor');
    const related = await api.call<{ items: { created_at: unknown }[] }>(
      'GET',
      `/api/v1/memories/${row.id}/related?user_id=ada`,
    );
    for (const item of [(await filter()).items[0]!, related.body.items[0]!])
      expect(new Date((item.created_at as number) * 1000).getFullYear()).toBe(new Date().getFullYear());
  });

  it('2: times the UI appends a "Z" to have no zone', async () => {
    const { body } = await api.call<{ memories: { created_at: string }[] }>(
      'GET',
      `/api/v1/apps/${row.app_id}/memories`,
    );
    expect(body.memories[0]!.created_at).toMatch(ZONELESS);
    expect(Number.isNaN(new Date(`${body.memories[0]!.created_at}Z`).getTime())).toBe(false);
  });

  it('3: one memory has text, every other has content', async () => {
    const single = (await api.call('GET', `/api/v1/memories/${row.id}?user_id=ada`)).body;
    expect(single).toHaveProperty('text', row.content);
    expect(single).not.toHaveProperty('content');
    expect((await filter()).items[0]).toHaveProperty('content', row.content);
  });

  it('4: empty lists and an empty search text are no filter', async () => {
    expect((await filter({ app_ids: [], category_ids: [], search_query: '' })).items).toHaveLength(1);
    expect(
      (await filter({ app_ids: null, category_ids: null, search_query: null, from_date: null })).items,
    ).toHaveLength(1);
  });

  it('5: paused memories stay in the filter', async () => {
    await api.call('POST', '/api/v1/memories/actions/pause', {
      memory_ids: [row.id],
      all_for_app: true,
      state: 'paused',
      user_id: 'ada',
    });
    expect((await filter()).items).toMatchObject([{ state: 'paused' }]);
  });

  it('6: categories are names in items, objects with ids in the list, and ids in the filter', async () => {
    const { body } = await api.call<{ categories: { id: string; name: string }[] }>(
      'GET',
      '/api/v1/memories/categories?user_id=ada',
    );
    expect((await filter()).items[0]!.categories).toEqual(['health']);
    expect((await filter({ category_ids: [body.categories[0]!.id] })).items).toHaveLength(1);
    expect((await filter({ category_ids: ['00000000-0000-4000-8000-000000000000'] })).items).toHaveLength(0);
  });

  it('7: the settings page gets the whole shape, from every answer it puts into its store', async () => {
    const shape = {
      openmemory: { custom_instructions: null },
      mem0: {
        llm: { provider: 'none', config: expect.objectContaining({ model: 'none', api_key: null }) },
        embedder: { provider: 'none', config: { model: 'none', api_key: null, ollama_base_url: null } },
        vector_store: null,
      },
    };
    const { body } = await api.call('GET', '/api/v1/config');
    expect(body).toEqual(shape);
    // The Save button sends the whole of it back, without the slash.
    expect(await api.call('PUT', '/api/v1/config', body)).toMatchObject({ status: 200, body: shape });
    expect(await api.call('POST', '/api/v1/config/reset')).toMatchObject({ status: 200, body: shape });
    expect((await api.call('GET', '/api/v1/config/mem0/llm')).body).toEqual(shape.mem0.llm);
    expect((await api.call('GET', '/api/v1/config/mem0/vector_store')).body).toBeNull();
    // What can not be set from there is refused in words, which the page shows.
    const other = { mem0: { llm: { provider: 'openai', config: { model: 'gpt', api_key: 'sk-secret' } } } };
    const refused = await api.call('PUT', '/api/v1/config', other);
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'CONFIG_READ_ONLY', detail: expect.stringContaining('environment') },
    });
    expect(JSON.stringify(refused.body) + JSON.stringify(api.logs())).not.toContain('sk-secret');
    expect((await api.call('PUT', '/api/v1/config/mem0/embedder', { provider: 'openai' })).status).toBe(409);
    expect((await api.call('PUT', '/api/v1/config', { mem0: 7 })).status).toBe(422);
  });

  it('8: preflights of every method answer at once, with and without the slash', async () => {
    for (const method of ['DELETE', 'PUT', 'PATCH', 'POST'])
      for (const path of ['/api/v1/memories/', '/api/v1/memories', '/api/v1/stats']) {
        const answer = await api.call('OPTIONS', path, undefined, {
          origin: 'http://localhost:3000',
          'access-control-request-method': method,
          'access-control-request-headers': 'content-type',
        });
        expect(answer.status).toBe(204);
        expect(answer.headers).toMatchObject({
          'access-control-allow-origin': 'http://localhost:3000',
          'access-control-allow-credentials': 'true',
          'access-control-allow-headers': 'content-type',
          'access-control-allow-methods': expect.stringContaining(method),
        });
      }
  });

  it('9: apps come by pages of ten, with a total that tells of more', async () => {
    for (let i = 0; i < 11; i++) await api.add(`x${i}`, { app: `app-${i}` });
    const { body } = await api.call<{ apps: unknown[]; total: number }>(
      'GET',
      '/api/v1/apps/?page=1&page_size=10',
    );
    expect(body).toMatchObject({ total: 12, page: 1, page_size: 10, apps: { length: 10 } });
    const second = await api.call<{ apps: unknown[] }>('GET', '/api/v1/apps/?page=2&page_size=10');
    expect(second.body.apps).toHaveLength(2);
  });

  it('10: page sizes 10, 20, 50 and 100 are served', async () => {
    for (const size of [10, 20, 50, 100])
      expect(await api.call('POST', '/api/v1/memories/filter', { user_id: 'ada', size })).toMatchObject({
        status: 200,
        body: { size },
      });
  });

  it('11: the app name is the name the client gave', async () => {
    for (const app of ['claude', 'cursor', 'cline', 'roocline', 'windsurf', 'witsy', 'enconvo', 'augment']) {
      const added = await api.add(`from ${app}`, { app });
      expect((await api.call('GET', `/api/v1/memories/${added.id}`)).body.app_name).toBe(app);
    }
  });

  it('12: no auth header is asked of it', async () => {
    expect(
      (await api.call('GET', '/api/v1/stats?user_id=ada', undefined, { origin: 'http://localhost:3000' }))
        .status,
    ).toBe(200);
  });
});
