import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApi, type TestApi } from './harness.ts';

interface Found {
  results: {
    id: string;
    content: string;
    score: number;
    app_name: string;
    categories: string[];
    created_at: number;
    metadata_: object;
  }[];
  degraded: boolean;
}

describe('search over REST', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.close());
  const search = async (query: string, more: Record<string, unknown> = {}): Promise<Found> =>
    (await api.call<Found>('POST', '/api/v1/memories/search', { user_id: 'ada', query, ...more })).body;
  const contents = (found: Found): string[] => found.results.map((result) => result.content);

  it('answers what fits, best first, with the whole shape', async () => {
    const row = await api.add('Ada drinks green tea every morning', { metadata: { n: 1 }, app: 'claude' });
    await api.add('Tea is sold in the shop');
    await api.add('Bob drives a car');
    const found = await search('green tea');
    expect(contents(found)).toEqual(['Ada drinks green tea every morning', 'Tea is sold in the shop']);
    expect(found.results[0]).toEqual({
      id: row.id,
      content: 'Ada drinks green tea every morning',
      score: 1,
      created_at: expect.any(Number),
      app_name: 'claude',
      categories: expect.any(Array),
      metadata_: { n: 1 },
    });
    expect(found.degraded).toBe(false);
  });

  it('finds a memory at once after it was added, changed or taken away', async () => {
    expect(contents(await search('violin'))).toEqual([]);
    const row = await api.add('Ada plays the violin');
    expect(contents(await search('violin'))).toEqual(['Ada plays the violin']);
    await api.call('PUT', `/api/v1/memories/${row.id}`, {
      memory_content: 'Ada sold the violin',
      user_id: 'ada',
    });
    expect(contents(await search('violin'))).toEqual(['Ada sold the violin']);
    await api.call('DELETE', '/api/v1/memories/', { memory_ids: [row.id], user_id: 'ada' });
    expect(contents(await search('violin'))).toEqual([]);
  });

  it('shows active memories of active apps only', async () => {
    const paused = await api.add('paused violin');
    const other = await api.add('violin of a paused app', { app: 'quiet' });
    await api.add('plain violin');
    await api.call('POST', '/api/v1/memories/actions/pause', { user_id: 'ada', memory_ids: [paused.id] });
    await api.call('PUT', `/api/v1/apps/${other.app_id}?is_active=false`);
    expect(contents(await search('violin'))).toEqual(['plain violin']);
  });

  it('narrows by app, category, time and limit', async () => {
    const one = await api.add('doctor one', { app: 'one' });
    await api.add('doctor two guitar', { app: 'two' });
    expect(contents(await search('doctor', { app_ids: [one.app_id] }))).toEqual(['doctor one']);
    expect(contents(await search('doctor', { categories: ['entertainment'] }))).toEqual([
      'doctor two guitar',
    ]);
    expect(contents(await search('doctor', { limit: 1 }))).toHaveLength(1);
    const now = Math.floor(Date.parse(`${one.created_at}Z`) / 1000);
    expect((await search('doctor', { from_date: now - 60, to_date: now + 60 })).results).toHaveLength(2);
    expect((await search('doctor', { to_date: now - 60 })).results).toEqual([]);
  });

  it('bounds the limit by 1 and 100', async () => {
    for (const limit of [0, 101, 1.5, '10'])
      expect(
        (await api.call('POST', '/api/v1/memories/search', { user_id: 'ada', query: 'x', limit })).status,
      ).toBe(422);
  });

  it('keeps users apart', async () => {
    await api.call('POST', '/api/v1/users', { user_id: 'bob' });
    await api.add('the violin of Bob', { user_id: 'bob' });
    expect(contents(await search('violin'))).toEqual([]);
  });

  it('answers the same question from the cache until something changes', async () => {
    await api.add('Ada plays the violin');
    const hits = async (): Promise<number> => {
      const { body } = await api.call<string>('GET', '/metrics');
      const line = (body as unknown as string)
        .split('\n')
        .find((one) =>
          one.startsWith('agent4_cache_lookups_total{cache="search",tier="memory",outcome="hit"}'),
        );
      return line === undefined ? 0 : Number(line.split(' ').at(-1));
    };
    await search('violin');
    expect(await hits()).toBe(0);
    await search('violin');
    expect(await hits()).toBe(1);
    await api.add('another violin');
    await search('violin');
    expect(await hits()).toBe(1);
  });
});
