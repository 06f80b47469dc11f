import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MemoryFilter, MemoryStore, NewMemory } from '../../src/domain/memory-store.ts';
import type { Memory, User } from '../../src/domain/model.ts';

export interface Opened {
  store: MemoryStore;
  close: () => Promise<void>;
}

const vector = (...values: number[]): { embedder: string; values: Float32Array } => ({
  embedder: 'test',
  values: new Float32Array(values),
});

/** What every MemoryStore must do, whatever engine is behind it. */
export const memoryStoreSuite = (name: string, open: () => Promise<Opened>): void => {
  describe(`${name} keeps the MemoryStore contract`, () => {
    let opened: Opened;
    let store: MemoryStore;
    let user: User;

    beforeEach(async () => {
      opened = await open();
      store = opened.store;
      user = (await store.ensureUser('ada')).user;
    });
    afterEach(() => opened.close());

    const add = async (content: string, more: Partial<NewMemory> = {}): Promise<Memory> => {
      const outcome = await store.addMemory({
        userId: user.id,
        appName: 'app',
        content,
        metadata: {},
        categories: [],
        ...more,
      });
      if (outcome.kind !== 'added') throw new Error(`not added: ${outcome.kind}`);
      return outcome.memory;
    };
    const active = (more: Partial<MemoryFilter> = {}): MemoryFilter => ({
      userId: user.id,
      states: ['active'],
      ...more,
    });
    const contents = async (filter: MemoryFilter): Promise<string[]> =>
      (
        await store.listMemories(filter, { by: 'content', descending: false }, { page: 1, size: 100 })
      ).items.map((memory) => memory.content);
    const found = async (term: string, more: Partial<MemoryFilter> = {}): Promise<string[]> =>
      (
        await store.getMemories(
          (
            await store.search({ filter: active(more), terms: [term], candidates: 100 })
          ).text.map((hit) => hit.id),
        )
      ).map((memory) => memory.content);
    const textOf = (outcome: Memory | undefined): string | undefined => outcome?.content;

    it('makes a user once and knows it by both ids', async () => {
      expect(await store.ensureUser('ada')).toEqual({ user, created: false });
      expect(await store.findUser('ada')).toEqual(user);
      expect(await store.findUserByEitherId(user.id)).toEqual(user);
      expect(await store.findUser('nobody')).toBeUndefined();
    });

    it('answers a memory just as it was added', async () => {
      const content = 'Zoë said "hi" — 日本語 🙂\nsecond line';
      const memory = await add(content, { metadata: { a: [1, { b: null }] }, categories: ['work', 'art'] });
      expect(await store.getMemory(memory.id)).toEqual(memory);
      expect(memory).toMatchObject({
        content,
        metadata: { a: [1, { b: null }] },
        categories: ['art', 'work'],
        state: 'active',
        appName: 'app',
        userId: user.id,
        archivedAt: null,
        deletedAt: null,
      });
    });

    it('finds words by their stem, whatever their case, and nothing of another user', async () => {
      await add('Ada likes RUNNING in parks');
      const other = (await store.ensureUser('bob')).user;
      await add('Bob runs too', { userId: other.id });
      expect(await found('run')).toEqual(['Ada likes RUNNING in parks']);
      expect(await found('likes')).toEqual(['Ada likes RUNNING in parks']);
      expect(await found('swim')).toEqual([]);
    });

    it('takes query syntax for plain words', async () => {
      await add('say "hello" AND goodbye* (now)');
      for (const term of ['"', 'NEAR(', 'content:', '*', 'a"b', 'hello" OR "x', '^say', '-say'])
        await expect(
          store.search({ filter: active(), terms: [term], candidates: 10 }),
        ).resolves.toBeDefined();
      expect(await found('hello')).toHaveLength(1);
    });

    it('ranks vectors by cosine and counts what has none', async () => {
      const far = await add('far', { vector: vector(0, 1) });
      const near = await add('near', { vector: vector(1, 0) });
      await add('without');
      const { vector: hits, withoutVector } = await store.search({
        filter: active(),
        terms: [],
        vector: vector(0.8, 0.6),
        candidates: 10,
      });
      expect(hits.map((hit) => hit.id)).toEqual([near.id, far.id]);
      expect(hits[0]!.score).toBeCloseTo(0.8, 5);
      expect(withoutVector).toBe(1);
    });

    it('never compares vectors of two embedders or sizes', async () => {
      await add('old', { vector: { embedder: 'other', values: new Float32Array([1, 0]) } });
      await add('longer', { vector: vector(1, 0, 0) });
      const { vector: hits, withoutVector } = await store.search({
        filter: active(),
        terms: [],
        vector: vector(1, 0),
        candidates: 10,
      });
      expect(hits).toEqual([]);
      expect(withoutVector).toBe(2);
    });

    it('moves text index, vector and categories with the content', async () => {
      const memory = await add('likes tea', { vector: vector(1, 0), categories: ['drinks'] });
      const changed = await store.updateMemory(user.id, memory.id, {
        content: 'likes coffee',
        categories: ['work'],
      });
      expect(changed).toMatchObject({
        content: 'likes coffee',
        categories: ['work'],
        createdAt: memory.createdAt,
      });
      expect(changed!.updatedAt).toBeGreaterThan(memory.updatedAt);
      expect(await found('tea')).toEqual([]);
      expect(await found('coffee')).toEqual(['likes coffee']);
      expect((await store.pendingEmbeddings('test', 10)).map((one) => one.id)).toEqual([memory.id]);
    });

    it('does not change what belongs to another user', async () => {
      const memory = await add('mine');
      const other = (await store.ensureUser('bob')).user;
      expect(
        await store.updateMemory(other.id, memory.id, { content: 'theirs', categories: [] }),
      ).toBeUndefined();
      expect(
        await store.setState(other.id, { kind: 'ids', ids: [memory.id], unknown: 'refuse' }, 'deleted'),
      ).toEqual({ kind: 'unknown', ids: [memory.id] });
      expect(textOf(await store.getMemory(memory.id))).toBe('mine');
    });

    it('deletes all that was named or, when one is unknown, none', async () => {
      const one = await add('one');
      const two = await add('two');
      const unknown = '00000000-0000-4000-8000-000000000000';
      const refused = await store.setState(
        user.id,
        { kind: 'ids', ids: [one.id, unknown], unknown: 'refuse' },
        'deleted',
      );
      expect(refused).toEqual({ kind: 'unknown', ids: [unknown] });
      expect(await contents(active())).toEqual(['one', 'two']);
      const done = await store.setState(
        user.id,
        { kind: 'ids', ids: [one.id, unknown], unknown: 'ignore' },
        'deleted',
      );
      expect(done).toEqual({ kind: 'changed', ids: [one.id] });
      expect(await contents(active())).toEqual(['two']);
      expect((await store.getMemory(one.id))!.state).toBe('deleted');
      expect((await store.getMemory(two.id))!.state).toBe('active');
    });

    it('finds nothing deleted, and all of it again when it is made active', async () => {
      const memory = await add('comes back', { vector: vector(1, 0) });
      const name = { kind: 'ids', ids: [memory.id], unknown: 'refuse' } as const;
      await store.setState(user.id, name, 'deleted');
      expect(await found('comes')).toEqual([]);
      expect(await store.check()).toEqual({ memories: 0, indexed: 0, vectors: 0 });
      await store.setState(user.id, name, 'active');
      expect(await found('comes')).toEqual(['comes back']);
      expect(await store.countPendingEmbeddings('test')).toBe(1);
    });

    it('keeps rows, text index and vectors in step', async () => {
      const memory = await add('one', { vector: vector(1, 0) });
      await add('two', { vector: vector(0, 1) });
      expect(await store.check()).toEqual({ memories: 2, indexed: 2, vectors: 2 });
      await store.setState(user.id, { kind: 'ids', ids: [memory.id], unknown: 'refuse' }, 'paused');
      expect(await store.check()).toEqual({ memories: 2, indexed: 2, vectors: 2 });
      await store.setState(user.id, { kind: 'all' }, 'deleted');
      expect(await store.check()).toEqual({ memories: 0, indexed: 0, vectors: 0 });
    });

    it('changes state by app and by category, within the user', async () => {
      const work = await add('work', { appName: 'one', categories: ['work'] });
      const play = await add('play', { appName: 'two', categories: ['games'] });
      const [category] = await store.categoriesOf(user.id);
      expect(category!.name).toBe('games');
      await store.setState(user.id, { kind: 'categories', ids: [category!.id] }, 'paused');
      expect((await store.getMemory(play.id))!.state).toBe('paused');
      await store.setState(user.id, { kind: 'app', appId: work.appId }, 'archived');
      const archived = await store.getMemory(work.id);
      expect(archived).toMatchObject({ state: 'archived' });
      expect(archived!.archivedAt).not.toBeNull();
    });

    it('leaves out what is in a paused app where only active apps count', async () => {
      const memory = await add('hidden words');
      await store.setAppActive(memory.appId, false);
      expect(await found('hidden', { activeAppsOnly: true })).toEqual([]);
      expect(await found('hidden')).toEqual(['hidden words']);
      expect(
        (
          await store.addMemory({
            userId: user.id,
            appName: 'app',
            content: 'x',
            metadata: {},
            categories: [],
          })
        ).kind,
      ).toBe('app-paused');
    });

    it('filters by app, category, time and folded substring, and pages with an exact total', async () => {
      const one = await add('ÄPFEL and pears', { appName: 'one', categories: ['food'] });
      await add('100% sure_thing', { appName: 'two' });
      expect(await contents(active({ contains: 'äpfel' }))).toEqual(['ÄPFEL and pears']);
      expect(await contents(active({ contains: '0% s' }))).toEqual(['100% sure_thing']);
      expect(await contents(active({ contains: 'sure-thing' }))).toEqual([]);
      expect(await contents(active({ appIds: [one.appId] }))).toEqual(['ÄPFEL and pears']);
      expect(await contents(active({ appIds: [] }))).toHaveLength(2);
      expect(await contents(active({ categoryNames: ['food'] }))).toEqual(['ÄPFEL and pears']);
      expect(await contents(active({ from: one.createdAt + 1e6 }))).toEqual([]);
      expect(await contents(active({ to: one.createdAt - 1 }))).toEqual([]);
      const page = await store.listMemories(
        active(),
        { by: 'created_at', descending: true },
        { page: 2, size: 1 },
      );
      expect(page).toMatchObject({ total: 2, items: [{ content: 'ÄPFEL and pears' }] });
      expect(
        (await store.listMemories(active(), { by: 'content', descending: false }, { page: 3, size: 1 }))
          .items,
      ).toEqual([]);
    });

    it('relates by shared categories, most shared first, without itself and the deleted', async () => {
      const memory = await add('self', { categories: ['a', 'b'] });
      await add('one shared', { categories: ['a', 'z'] });
      await add('two shared', { categories: ['a', 'b', 'z'] });
      await add('none', { categories: ['z'] });
      const gone = await add('gone', { categories: ['a', 'b'] });
      await store.setState(user.id, { kind: 'ids', ids: [gone.id], unknown: 'refuse' }, 'deleted');
      const { items, total } = await store.relatedMemories(user.id, memory.id, { page: 1, size: 5 });
      expect(items.map((one) => one.content)).toEqual(['two shared', 'one shared']);
      expect(total).toBe(2);
    });

    it('answers the first memory again for a known key, and refuses the key for another', async () => {
      const idempotency = { key: 'k', fingerprint: 'f' };
      const first = await add('once', { idempotency });
      const memory = { userId: user.id, appName: 'app', content: 'once', metadata: {}, categories: [] };
      expect(await store.addMemory({ ...memory, idempotency })).toEqual({ kind: 'replayed', memory: first });
      expect(await store.addMemory({ ...memory, idempotency: { key: 'k', fingerprint: 'g' } })).toEqual({
        kind: 'key-reused',
      });
      expect(await store.countMemories(user.id)).toBe(1);
      expect(await store.findByKey(user.id, idempotency)).toEqual({ kind: 'replayed', memory: first });
      expect(await store.findByKey(user.id, { key: 'k', fingerprint: 'g' })).toEqual({ kind: 'key-reused' });
      expect(await store.findByKey(user.id, { key: 'other', fingerprint: 'f' })).toBeUndefined();
    });

    it('takes late vectors only for the content they were made from', async () => {
      const memory = await add('first');
      const [pending] = await store.pendingEmbeddings('test', 10);
      expect(pending).toEqual({ id: memory.id, content: 'first', updatedAt: memory.updatedAt });
      await store.updateMemory(user.id, memory.id, { content: 'second', categories: [] });
      const values = new Float32Array([1, 0]);
      expect(await store.putVectors('test', [{ id: memory.id, updatedAt: pending!.updatedAt, values }])).toBe(
        0,
      );
      const [again] = await store.pendingEmbeddings('test', 10);
      expect(await store.putVectors('test', [{ id: memory.id, updatedAt: again!.updatedAt, values }])).toBe(
        1,
      );
      expect(await store.countPendingEmbeddings('test')).toBe(0);
      expect(await store.countPendingEmbeddings('another')).toBe(1);
    });

    it('moves the revision with everything a read could show', async () => {
      const revision = async (): Promise<number> => (await store.findUser('ada'))!.revision;
      const seen = [await revision()];
      const memory = await add('one');
      seen.push(await revision());
      await store.updateMemory(user.id, memory.id, { content: 'two', categories: [] });
      seen.push(await revision());
      await store.setState(user.id, { kind: 'all' }, 'paused');
      seen.push(await revision());
      await store.setAppActive(memory.appId, false);
      seen.push(await revision());
      const [pending] = await store.pendingEmbeddings('test', 1);
      await store.putVectors('test', [
        { id: memory.id, updatedAt: pending!.updatedAt, values: new Float32Array([1]) },
      ]);
      seen.push(await revision());
      expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
      expect(seen).toHaveLength(6);
    });

    it('counts accesses by memory and by app', async () => {
      const memory = await add('seen');
      const reader = await store.ensureApp(user.id, 'reader');
      const entry = { memoryId: memory.id, appId: reader.id, accessType: 'search', metadata: { query: 'q' } };
      await store.logAccess([entry, entry]);
      const log = await store.accessLog(memory.id, { page: 1, size: 10 });
      expect(log.total).toBe(2);
      expect(log.items[0]).toMatchObject({
        memoryId: memory.id,
        appName: 'reader',
        accessType: 'search',
        metadata: { query: 'q' },
      });
      const accessed = await store.appAccessed(reader.id, { page: 1, size: 10 });
      expect(accessed).toMatchObject({ total: 1, items: [{ count: 2, memory: { content: 'seen' } }] });
      expect(await store.appDetails(reader.id)).toMatchObject({ memoriesCreated: 0, memoriesAccessed: 2 });
      const apps = await store.listApps({ page: 1, size: 10, sortBy: 'memories_accessed', descending: true });
      expect(apps.items.map((app) => [app.name, app.memoriesCreated, app.memoriesAccessed])).toEqual([
        ['reader', 0, 1],
        ['app', 1, 0],
      ]);
      expect(await store.accessLog('00000000-0000-4000-8000-000000000000', { page: 1, size: 10 })).toEqual({
        items: [],
        total: 0,
      });
    });

    it('lists apps by name, state and user', async () => {
      const memory = await add('x', { appName: 'Alpha' });
      await store.ensureApp(user.id, 'beta');
      const other = (await store.ensureUser('bob')).user;
      await store.ensureApp(other.id, 'gamma');
      const names = async (more: object): Promise<string[]> =>
        (await store.listApps({ page: 1, size: 10, sortBy: 'name', descending: false, ...more })).items.map(
          (app) => app.name,
        );
      expect(await names({})).toEqual(['Alpha', 'beta', 'gamma']);
      expect(await names({ userId: user.id })).toEqual(['Alpha', 'beta']);
      expect(await names({ name: 'ALP' })).toEqual(['Alpha']);
      await store.setAppActive(memory.appId, false);
      expect(await names({ isActive: true })).toEqual(['beta', 'gamma']);
      expect((await store.appMemories(memory.appId, { page: 1, size: 10 })).items.map(textOf)).toEqual(['x']);
      expect((await store.appsOf(user.id)).map((app) => app.name)).toEqual(['Alpha', 'beta']);
      expect(await store.setAppActive('none', true)).toBeUndefined();
    });
  });
};
