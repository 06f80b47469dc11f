import { expect, it } from '@jest/globals';
import { createCache, type LoadContext } from '../src/index.ts';
import { deferred, manualClock, settle } from './doubles.ts';

const tick = () => Promise.resolve();

it('a loader steers until it answers, however long that takes', async () => {
  const clock = manualClock();
  const cache = createCache<string>({
    ttl: 100,
    grace: 1_000,
    clock: clock.now,
    memory: { maxBytes: 10_000 },
  });
  const steered = (steer: (context: LoadContext<string>) => void) => async (context: LoadContext<string>) => {
    await settle();
    steer(context);
    await tick();
    return 'v';
  };
  await cache.getOrSet(
    'ttl',
    steered(({ setTtl }) => setTtl(5)),
  );
  await cache.getOrSet(
    'tags',
    steered(({ setTags }) => setTags(['t'])),
  );
  await cache.getOrSet(
    'size',
    steered(({ setSize }) => setSize(1_234)),
  );
  await cache.getOrSet(
    'skip',
    steered(({ skip }) => skip()),
  );
  await cache.getOrSet(
    'etag',
    steered(({ setEtag }) => setEtag('"1"')),
  );
  expect(await cache.has('skip')).toBe(false);
  expect(cache.stats().memory?.bytes).toBeGreaterThan(1_234);
  await cache.invalidateTags(['t']);
  clock.advance(5);
  expect([...(await cache.getMany(['ttl', 'tags', 'size', 'etag'])).keys()]).toEqual(['size', 'etag']);
  clock.advance(100);
  let told: string | undefined;
  await cache.getOrSet('etag', ({ etag }) => {
    told = etag;
    return 'v';
  });
  expect(told).toBe('"1"');
});

it('what a loader says after it answered changes nothing', async () => {
  const cache = createCache<string>();
  let late: LoadContext<string> | undefined;
  await cache.getOrSet('k', (context) => {
    late = context;
    return 'v';
  });
  late!.setTtl(0);
  late!.skip();
  await settle();
  expect(await cache.get('k')).toBe('v');
});

it.each<[string, () => unknown, unknown]>([
  ['at once', () => 'v', 'v'],
  ['a promise', async () => 'v', 'v'],
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
  ['a thenable that answers at once', () => ({ then: (yes: (v: string) => void) => yes('v') }), 'v'],
  [
    'a thenable that settles twice',
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
      then: (yes: (v: string) => void, no: (error: unknown) => void) => {
        yes('v');
        yes('w');
        no(new Error('late'));
      },
    }),
    'v',
  ],
  [
    'a thenable that throws once it has answered',
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
      then: (yes: (v: string) => void) => {
        yes('v');
        throw new Error('late');
      },
    }),
    'v',
  ],
  // biome-ignore lint/suspicious/noThenProperty: a value with such a property is what is tested
  ['a value whose `then` is no function', () => ({ then: 1 }), { then: 1 }],
  ['null', () => null, null],
])('a loader may answer by %s', async (_name, loader, value) => {
  const cache = createCache();
  expect(await Promise.all([cache.getOrSet('k', loader), cache.getOrSet('k', loader)])).toEqual([
    value,
    value,
  ]);
  expect(await cache.get('k')).toEqual(value);
  expect(cache.stats()).toMatchObject({ loads: 1, loadErrors: 0, misses: 2, hits: 1 });
});

const down = new Error('down');
const refuse = () => {
  throw down;
};
it.each<[string, () => unknown]>([
  ['at once', refuse],
  ['later', async () => refuse()],
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
  ['by a thenable that throws', () => ({ then: refuse })],
  [
    'by a `then` that cannot be read',
    () =>
      Object.defineProperty({}, 'then', {
        get: refuse,
      }),
  ],
])(
  'a loader may fail %s: all who wait get the error itself, and the next call loads',
  async (_name, loader) => {
    const cache = createCache();
    const waits = await Promise.allSettled([cache.getOrSet('k', loader), cache.getOrSet('k', loader)]);
    expect(waits.map((wait) => (wait.status === 'rejected' ? wait.reason : wait))).toEqual([down, down]);
    expect(await cache.getOrSet('k', () => 'v')).toBe('v');
    expect(cache.stats()).toMatchObject({ loads: 1, loadErrors: 1, misses: 3 });
  },
);

it('an async loader is waited for where another library has replaced Promise', async () => {
  const native = globalThis.Promise;
  const cache = createCache<string>();
  const load = deferred<string>();
  globalThis.Promise = class extends native<unknown> {} as PromiseConstructor;
  try {
    const wait = cache.getOrSet('k', async () => load.promise);
    await settle();
    load.resolve('v');
    expect(await wait).toBe('v');
  } finally {
    globalThis.Promise = native;
  }
});
