import { expect, it } from '@jest/globals';
import { createCache } from '../src/index.ts';

const adapter = { get: () => undefined, set: () => undefined, delete: () => true, clear: () => undefined };

it.each(['get', 'set', 'delete', 'clear'])(
  'refuses a store without %s() at construction, and names what is missing',
  (method) => {
    const store = { ...adapter, [method]: undefined };
    expect(() => createCache({ stores: [store as never] })).toThrow(
      new TypeError(`stores[0] must be a Keyv or a Keyv storage adapter: it has no ${method}()`),
    );
  },
);

it('takes an adapter that has all of them', async () => {
  const cache = createCache({ stores: [adapter] });
  await cache.close();
});
