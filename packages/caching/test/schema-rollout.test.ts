// Two versions of a service on one store, as in a rolling deployment.
import { expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import { type Cache, createCache } from '../src/index.ts';
import { settle } from './doubles.ts';

const node = (store: Keyv, version?: number): Cache<string> =>
  createCache<string>({ stores: [store], ...(version === undefined ? {} : { schema: { version } }) });

it.each([
  ['without a schema', undefined],
  ['of version 1', 1],
])('what a node %s loads does not overwrite a value of version 2', async (_name, version) => {
  const store = new Keyv();
  await node(store, 2).set('k', 'two');
  const older = node(store, version);
  let loads = 0;
  const load = () => `older ${++loads}`;
  expect([await older.getOrSet('k', load), await older.getOrSet('k', load)]).toEqual(['older 1', 'older 1']);
  expect(await older.getOrSetMany(['k', 'l'], (keys) => new Map(keys.map((key) => [key, load()])))).toEqual(
    new Map([
      ['k', 'older 1'],
      ['l', 'older 2'],
    ]),
  );
  await settle();
  expect(await node(store, 2).get('k')).toBe('two');
  expect(await node(store, version).get('l')).toBe('older 2');
});

it('what a newer node loads overwrites a value of an earlier version', async () => {
  const store = new Keyv();
  await node(store, 1).set('k', 'one');
  expect(await node(store, 2).getOrSet('k', () => 'two')).toBe('two');
  await settle();
  expect(await node(store, 2).get('k')).toBe('two');
});

it('a set by an older node does overwrite, since it is newer', async () => {
  const store = new Keyv();
  await node(store, 2).set('k', 'two');
  await node(store, 1).set('k', 'one');
  expect(await node(store, 2).get('k')).toBeUndefined();
  expect(await node(store, 1).get('k')).toBe('one');
});

it('after a rollback, clear and purge make room for the older version', async () => {
  const store = new Keyv();
  await node(store, 2).set('k', 'two');
  const older = node(store, 1);
  await older.clear();
  expect(await older.purge()).toBe(1);
  await older.getOrSet('k', () => 'one');
  await settle();
  expect(await node(store, 1).get('k')).toBe('one');
});
