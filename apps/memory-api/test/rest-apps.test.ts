import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApi, type TestApi } from './harness.ts';

interface AppList {
  apps: {
    id: string;
    name: string;
    is_active: boolean;
    total_memories_created: number;
    total_memories_accessed: number;
  }[];
  total: number;
  page: number;
  page_size: number;
}

describe('apps, users and stats over REST', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.close());
  const list = async (query = ''): Promise<AppList> =>
    (await api.call<AppList>('GET', `/api/v1/apps/${query}`)).body;

  it('counts memories by app', async () => {
    await api.add('one', { app: 'cursor' });
    await api.add('two', { app: 'cursor' });
    await api.add('three', { app: 'claude' });
    const { apps, ...page } = await list('?sort_by=memories&sort_direction=desc');
    expect(
      apps.map((app) => [app.name, app.total_memories_created, app.total_memories_accessed, app.is_active]),
    ).toEqual([
      ['cursor', 2, 0, true],
      ['claude', 1, 0, true],
    ]);
    expect(page).toEqual({ total: 2, page: 1, page_size: 10 });
  });

  it('spans all users unless one is named', async () => {
    await api.call('POST', '/api/v1/users', { user_id: 'bob' });
    await api.add('a', { app: 'adas' });
    await api.add('b', { app: 'bobs', user_id: 'bob' });
    expect((await list()).apps.map((app) => app.name)).toEqual(['adas', 'bobs']);
    expect((await list('?user_id=bob')).apps.map((app) => app.name)).toEqual(['bobs']);
  });

  it('pauses and wakes an app', async () => {
    const { app_id } = await api.add('one');
    const off = await api.call('PUT', `/api/v1/apps/${app_id}?is_active=false`);
    expect(off).toMatchObject({ status: 200, body: { status: 'success', message: expect.any(String) } });
    expect((await list('?is_active=false')).total).toBe(1);
    await api.call('PUT', `/api/v1/apps/${app_id}?is_active=true`);
    expect((await list('?is_active=true')).total).toBe(1);
  });

  it('answers details, memories and accesses of an app', async () => {
    const row = await api.add('one', { app: 'cursor' });
    expect((await api.call('GET', `/api/v1/apps/${row.app_id}`)).body).toEqual({
      is_active: true,
      total_memories_created: 1,
      total_memories_accessed: 0,
      first_accessed: null,
      last_accessed: null,
    });
    expect((await api.call('GET', `/api/v1/apps/${row.app_id}/memories`)).body).toEqual({
      total: 1,
      page: 1,
      page_size: 10,
      memories: [
        {
          id: row.id,
          content: 'one',
          created_at: row.created_at,
          state: 'active',
          app_id: row.app_id,
          categories: [],
          metadata_: {},
        },
      ],
    });
    expect((await api.call('GET', `/api/v1/apps/${row.app_id}/accessed`)).body).toEqual({
      total: 0,
      page: 1,
      page_size: 10,
      memories: [],
    });
  });

  it('answers 404 for an app that is not there, and nothing accessed', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    for (const [method, path] of [
      ['GET', `/api/v1/apps/${id}`],
      ['GET', `/api/v1/apps/${id}/memories`],
      ['PUT', `/api/v1/apps/${id}?is_active=true`],
    ] as const)
      expect(await api.call(method, path)).toMatchObject({
        status: 404,
        body: { detail: 'App not found', code: 'APP_NOT_FOUND' },
      });
    expect(await api.call('GET', `/api/v1/apps/${id}/accessed`)).toMatchObject({
      status: 200,
      body: { total: 0 },
    });
  });

  it('makes a user once', async () => {
    const first = await api.call('POST', '/api/v1/users', { user_id: 'bob' });
    const second = await api.call('POST', '/api/v1/users', { user_id: 'bob' });
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body).toEqual(first.body);
  });

  it('counts what a user has, with and without the slash', async () => {
    const row = await api.add('one', { app: 'cursor' });
    const gone = await api.add('two');
    await api.call('DELETE', '/api/v1/memories', { memory_ids: [gone.id], user_id: 'ada' });
    for (const path of ['/api/v1/stats?user_id=ada', '/api/v1/stats/?user_id=ada']) {
      const { status, body } = await api.call<{ apps: { name: string; owner_id: string }[] }>('GET', path);
      expect(status).toBe(200);
      expect(body).toMatchObject({ total_memories: 1, total_apps: 2 });
      expect(body.apps[0]).toEqual({
        id: row.app_id,
        name: 'cursor',
        owner_id: row.user_id,
        description: null,
        metadata_: {},
        is_active: true,
        created_at: expect.any(String),
        updated_at: expect.any(String),
      });
    }
  });
});
