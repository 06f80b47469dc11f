import { createCache } from '@agent4/caching';
import { circuitBreaker, compose, pipeline, retry } from '@agent4/resilience';
import { describe, expect, it } from '@jest/globals';
import {
  ConsecutiveBreaker,
  circuitBreaker as cockatielBreaker,
  retry as cockatielRetry,
  handleAll,
  wrap,
} from 'cockatiel';
import { settled } from './manual-time.ts';

/** A store whose every call fails, and counts. */
class DeadStore {
  calls = 0;
  get(): Promise<never> {
    return this.#fail();
  }
  set(): Promise<never> {
    return this.#fail();
  }
  delete(): Promise<never> {
    return this.#fail();
  }
  clear(): Promise<never> {
    return this.#fail();
  }
  async #fail(): Promise<never> {
    this.calls++;
    throw new Error('the store is dead');
  }
}

const policies = {
  'our circuit breaker': () => circuitBreaker({ name: 'store', failureThreshold: 2 }),
  'our pipeline': () => pipeline({ name: 'store', circuitBreaker: { failureThreshold: 2 } }),
  "cockatiel's circuit breaker": () =>
    cockatielBreaker(handleAll, { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(2) }),
};

describe.each(Object.entries(policies))('%s as the guard of a store', (_name, make) => {
  it('keeps calls away from a dead store, and every answer comes from the loader', async () => {
    const store = new DeadStore();
    const cache = createCache<number>({
      name: 'guarded',
      memory: false,
      stores: [store],
      storePolicy: make(),
    });
    expect(await cache.getOrSet('key-1', () => 1)).toBe(1);
    await settled();
    // One read and one write, and both failed.
    expect(store.calls).toBe(2);
    for (let call = 2; call <= 5; call++) expect(await cache.getOrSet(`key-${call}`, () => call)).toBe(call);
    await settled();
    expect(store.calls).toBe(2);
    await cache.close();
  });
});

describe('a policy of ours and a policy of cockatiel', () => {
  const flaky = (failures: number) => {
    let calls = 0;
    return async (): Promise<string> => {
      if (++calls <= failures) throw new Error(`failure ${calls}`);
      return `answered at call ${calls}`;
    };
  };

  it("runs under cockatiel's wrap", async () => {
    const both = wrap(cockatielRetry(handleAll, { maxAttempts: 2 }), circuitBreaker({ failureThreshold: 9 }));
    expect(await both.execute(flaky(2))).toBe('answered at call 3');
  });

  it("takes cockatiel's policy in compose", async () => {
    const theirs = cockatielBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(9) });
    const both = compose(retry({ initialDelayMs: 0 }), theirs);
    expect(await both.execute(flaky(2))).toBe('answered at call 3');
  });

  it("refuses a call as cockatiel's open circuit does: no retry unless asked", async () => {
    const theirs = cockatielBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(1) });
    const both = compose(retry({ initialDelayMs: 0, maxAttempts: 5 }), theirs);
    await expect(both.execute(flaky(9))).rejects.toMatchObject({ isBrokenCircuitError: true });
  });
});
