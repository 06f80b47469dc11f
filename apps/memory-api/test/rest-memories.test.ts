import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Row, startApi, type TestApi } from './harness.ts';

interface Item {
  id: string;
  content: string;
  state: string;
  categories: string[];
  created_at: number;
}
interface Page {
  items: Item[];
  total: number;
  page: number;
  size: number;
  pages: number;
}

describe('memories over REST', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.close());

  const filter = async (more: Record<string, unknown> = {}): Promise<Page> =>
    (await api.call<Page>('POST', '/api/v1/memories/filter', { user_id: 'ada', ...more })).body;
  const contents = (page: Page): string[] => page.items.map((item) => item.content);
  const setState = (ids: string[], state: string) =>
    api.call('POST', '/api/v1/memories/actions/pause', {
      user_id: 'ada',
      memory_ids: ids,
      all_for_app: true,
      state,
    });

  it('answers a new memory as a raw row with zone-less times', async () => {
    const row = await api.add('Ada likes tea', { metadata: { source: 'chat' }, app: 'claude' });
    expect(row).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      user_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      app_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      content: 'Ada likes tea',
      vector: null,
      metadata_: { source: 'chat' },
      state: 'active',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/),
      updated_at: row.created_at,
      archived_at: null,
      deleted_at: null,
    });
  });

  it('stores a text as it is when extraction is asked for and there is no provider', async () => {
    const row = await api.add('I am Ada', { infer: true });
    expect(row.content).toBe('I am Ada');
  });

  it('answers one memory with its text under the key text', async () => {
    const row = await api.add('Ada sees her doctor');
    const { body } = await api.call('GET', `/api/v1/memories/${row.id}?user_id=ada`);
    expect(body).toEqual({
      id: row.id,
      text: 'Ada sees her doctor',
      created_at: Math.floor(Date.parse(`${row.created_at}Z`) / 1000),
      state: 'active',
      app_id: row.app_id,
      app_name: 'openmemory',
      categories: ['health'],
      metadata_: {},
    });
  });

  it('lists active memories only, and counts just those', async () => {
    const paused = await api.add('paused one');
    await api.add('active one');
    await setState([paused.id], 'paused');
    const { body } = await api.call<Page>('GET', '/api/v1/memories/?user_id=ada');
    expect(contents(body)).toEqual(['active one']);
    expect(body).toMatchObject({ total: 1, page: 1, size: 50, pages: 1 });
  });

  it('keeps paused memories in the filter, and archived ones on request', async () => {
    const paused = await api.add('paused one');
    const archived = await api.add('archived one');
    const deleted = await api.add('deleted one');
    await setState([paused.id], 'paused');
    await setState([archived.id], 'archived');
    await setState([deleted.id], 'deleted');
    expect(contents(await filter())).toEqual(['paused one']);
    expect(contents(await filter({ show_archived: true }))).toEqual(['archived one', 'paused one']);
  });

  it('sorts the filter only when both sort fields come', async () => {
    for (const text of ['b', 'a', 'c']) await api.add(text);
    expect(contents(await filter())).toEqual(['c', 'a', 'b']);
    expect(contents(await filter({ sort_column: 'memory' }))).toEqual(['c', 'a', 'b']);
    expect(contents(await filter({ sort_column: 'memory', sort_direction: 'asc' }))).toEqual(['a', 'b', 'c']);
    expect(contents(await filter({ sort_column: 'created_at', sort_direction: 'asc' }))).toEqual([
      'b',
      'a',
      'c',
    ]);
  });

  it('refuses an unknown sort column or direction with 400', async () => {
    const column = await api.call('POST', '/api/v1/memories/filter', {
      user_id: 'ada',
      sort_column: 'toString',
      sort_direction: 'asc',
    });
    expect(column).toMatchObject({ status: 400, body: { code: 'SORT_COLUMN_UNKNOWN' } });
    const direction = await api.call('POST', '/api/v1/memories/filter', {
      user_id: 'ada',
      sort_column: 'memory',
      sort_direction: 'up',
    });
    expect(direction).toMatchObject({ status: 400, body: { code: 'SORT_DIRECTION_UNKNOWN' } });
  });

  it('pages with sizes 1 to 100', async () => {
    for (let i = 0; i < 12; i++) await api.add(`memory ${i}`);
    expect(await filter({ page: 2, size: 10 })).toMatchObject({
      total: 12,
      page: 2,
      size: 10,
      pages: 2,
      items: { length: 2 },
    });
    for (const bad of [{ size: 0 }, { size: 101 }, { page: 0 }])
      expect(await api.call('POST', '/api/v1/memories/filter', { user_id: 'ada', ...bad })).toMatchObject({
        status: 422,
      });
  });

  it('searches substrings whatever their case', async () => {
    await api.add('Ada LIKES Earl Grey');
    expect(contents(await filter({ search_query: 'likes earl' }))).toEqual(['Ada LIKES Earl Grey']);
    expect(contents(await filter({ search_query: '%' }))).toEqual([]);
  });

  it('changes text, categories and search together', async () => {
    const row = await api.add('Ada sees her doctor');
    const { status, body } = await api.call<Row>('PUT', `/api/v1/memories/${row.id}`, {
      memory_content: 'Ada plays guitar',
      user_id: 'ada',
      memory_id: row.id,
    });
    expect(status).toBe(200);
    expect(body.content).toBe('Ada plays guitar');
    const single = await api.call('GET', `/api/v1/memories/${row.id}`);
    expect(single.body).toMatchObject({ text: 'Ada plays guitar', categories: ['entertainment'] });
    const found = await api.call<{ results: { id: string }[] }>('POST', '/api/v1/memories/search', {
      user_id: 'ada',
      query: 'doctor',
    });
    expect(found.body.results).toEqual([]);
  });

  it('deletes softly: out of every list, still there by id', async () => {
    const row = await api.add('to be gone');
    const { status, body } = await api.call('DELETE', '/api/v1/memories/', {
      memory_ids: [row.id],
      user_id: 'ada',
    });
    expect(status).toBe(200);
    expect(body).toEqual({ message: 'Successfully deleted 1 memories' });
    expect((await filter({ show_archived: true })).total).toBe(0);
    expect((await api.call('GET', `/api/v1/memories/${row.id}`)).body).toMatchObject({ state: 'deleted' });
  });

  it('deletes nothing when one id is unknown', async () => {
    const row = await api.add('stays');
    const unknown = '00000000-0000-4000-8000-000000000000';
    const { status, body } = await api.call('DELETE', '/api/v1/memories/', {
      memory_ids: [row.id, unknown],
      user_id: 'ada',
    });
    expect(status).toBe(404);
    expect(body).toMatchObject({ detail: 'Memory not found', code: 'MEMORY_NOT_FOUND' });
    expect((await filter()).total).toBe(1);
  });

  it('pauses by category, by app, by ids or all, within the user', async () => {
    const health = await api.add('Ada sees her doctor', { app: 'one' });
    const music = await api.add('Ada plays guitar', { app: 'two' });
    await api.call('POST', '/api/v1/users', { user_id: 'bob' });
    const bobs = await api.add('Bob sees his doctor', { user_id: 'bob' });
    const { body } = await api.call<{ categories: { id: string; name: string }[] }>(
      'GET',
      '/api/v1/memories/categories?user_id=ada',
    );
    const category = body.categories.find(({ name }) => name === 'health')!;
    const state = async (row: Row): Promise<unknown> =>
      (await api.call('GET', `/api/v1/memories/${row.id}`)).body.state;
    const pause = (more: Record<string, unknown>) =>
      api.call('POST', '/api/v1/memories/actions/pause', { user_id: 'ada', ...more });

    await pause({ category_ids: [category.id] });
    expect([await state(health), await state(music), await state(bobs)]).toEqual([
      'paused',
      'active',
      'active',
    ]);
    await pause({ app_id: health.app_id, state: 'active' });
    expect(await state(health)).toBe('active');
    await pause({ global_pause: true });
    expect([await state(health), await state(music), await state(bobs)]).toEqual([
      'paused',
      'paused',
      'active',
    ]);
    await pause({ memory_ids: [music.id], state: 'archived' });
    expect(await state(music)).toBe('archived');
    expect(await pause({})).toMatchObject({ status: 400, body: { code: 'NOTHING_SELECTED' } });
    expect(await pause({ memory_ids: [bobs.id] })).toMatchObject({ status: 404 });
    expect(await pause({ memory_ids: [bobs.id], all_for_app: true })).toMatchObject({ status: 200 });
    expect(await state(bobs)).toBe('active');
  });

  it('archives a bare list of ids for the internal user id', async () => {
    const row = await api.add('old news');
    const { status } = await api.call('POST', `/api/v1/memories/actions/archive?user_id=${row.user_id}`, [
      row.id,
    ]);
    expect(status).toBe(200);
    expect((await filter({ show_archived: true })).items).toMatchObject([{ state: 'archived' }]);
  });

  it('lists categories of active and paused memories with their ids', async () => {
    const row = await api.add('Ada sees her doctor');
    const categories = async () =>
      (
        await api.call<{ categories: object[]; total: number }>(
          'GET',
          '/api/v1/memories/categories?user_id=ada',
        )
      ).body;
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(await categories()).toEqual({
      categories: [
        {
          id,
          name: 'health',
          description: expect.any(String),
          created_at: expect.any(String),
          updated_at: expect.any(String),
        },
      ],
      total: 1,
    });
    await setState([row.id], 'paused');
    expect((await categories()).total).toBe(1);
    await setState([row.id], 'archived');
    expect(await categories()).toEqual({ categories: [], total: 0 });
  });

  it('relates memories by category, five a page', async () => {
    const row = await api.add('Ada sees her doctor');
    for (let i = 0; i < 7; i++) await api.add(`doctor visit ${i}`);
    const { body } = await api.call<Page>('GET', `/api/v1/memories/${row.id}/related?user_id=ada&size=50`);
    expect(body).toMatchObject({ total: 7, size: 5, pages: 2, items: { length: 5 } });
  });

  it('has an empty access log for what nobody read', async () => {
    const row = await api.add('unread');
    const { body } = await api.call('GET', `/api/v1/memories/${row.id}/access-log`);
    expect(body).toEqual({ total: 0, page: 1, page_size: 10, logs: [] });
    const unknown = await api.call('GET', '/api/v1/memories/00000000-0000-4000-8000-000000000000/access-log');
    expect(unknown).toMatchObject({ status: 200, body: { total: 0 } });
  });

  it('adds once for one Idempotency-Key, and says when it answered again', async () => {
    const send = (text: string) =>
      api.call<Row>('POST', '/api/v1/memories/', { user_id: 'ada', text }, { 'idempotency-key': 'key-1' });
    const first = await send('once');
    const second = await send('once');
    expect(second.body).toEqual(first.body);
    expect([first.headers['idempotency-replayed'], second.headers['idempotency-replayed']]).toEqual([
      undefined,
      'true',
    ]);
    expect(await send('something else')).toMatchObject({
      status: 409,
      body: { code: 'IDEMPOTENCY_KEY_REUSED' },
    });
    expect((await filter()).total).toBe(1);
  });

  it('refuses to add to a paused app', async () => {
    const row = await api.add('first');
    await api.call('PUT', `/api/v1/apps/${row.app_id}?is_active=false`);
    const { status, body } = await api.call('POST', '/api/v1/memories/', { user_id: 'ada', text: 'second' });
    expect(status).toBe(403);
    expect(body).toMatchObject({ code: 'APP_PAUSED', retryable: false });
  });
});
