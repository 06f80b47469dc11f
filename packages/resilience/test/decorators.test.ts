import { expect, it } from '@jest/globals';
import { circuitBreaker, fallback, retry } from '../src/index.ts';

const policy = retry({ initialDelayMs: 0 });
const breaker = circuitBreaker({ name: 'shared', failureThreshold: 2 });

class Client {
  calls = 0;
  #secret = 'token';

  @policy
  async fetch(id: number, _options?: object): Promise<string> {
    this.calls++;
    if (this.calls < 3) throw new Error('flaky');
    return `${this.#secret}:${id}`;
  }

  @policy
  static async make(this: unknown, name: string): Promise<string> {
    // biome-ignore lint/complexity/noThisInStatic: that `this` is the class is what the test claims
    return `${this === Client}/${name}`;
  }

  @policy
  async #hidden(): Promise<string> {
    this.calls++;
    if (this.calls < 2) throw new Error('flaky');
    return this.#secret;
  }

  reveal(): Promise<string> {
    return this.#hidden();
  }

  @breaker
  async fail(): Promise<never> {
    throw new Error('down');
  }
}

it('retries a method and keeps this, private members, name and length', async () => {
  const client = new Client();
  await expect(client.fetch(7)).resolves.toBe('token:7');
  expect(client.calls).toBe(3);
  expect([client.fetch.name, client.fetch.length]).toEqual(['fetch', 2]);
});

it('decorates static and private methods', async () => {
  await expect(Client.make('x')).resolves.toBe('true/x');
  await expect(new Client().reveal()).resolves.toBe('token');
});

it('shares the policy’s state between all instances', async () => {
  await expect(new Client().fail()).rejects.toThrow('down');
  await expect(new Client().fail()).rejects.toThrow('down');
  await expect(new Client().fail()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
});

it('refuses to decorate what is not a method', () => {
  const decorate = policy as unknown as (target: unknown, context: object) => unknown;
  expect(() => decorate(undefined, { kind: 'field', name: 'x' })).toThrow(
    '@retry can decorate a method, and "x" is a field',
  );
});

it('a fallback’s answer must be one that the method may give', async () => {
  const stale = fallback('stale');
  class Prices {
    @stale
    async text(): Promise<string> {
      throw new Error('down');
    }

    @stale
    async either(): Promise<string | number> {
      throw new Error('down');
    }

    @fallback(['old'])
    async *items(): AsyncGenerator<string> {
      if (this !== undefined) throw new Error('down');
      yield 'new';
    }

    // @ts-expect-error: a string is no number
    @stale
    async amount(): Promise<number> {
      throw new Error('down');
    }

    // @ts-expect-error: a number has no items
    @fallback(0)
    async *none(): AsyncGenerator<string> {
      yield 'new';
    }
  }
  const prices = new Prices();
  expect(await Promise.all([prices.text(), prices.either(), prices.amount()])).toEqual([
    'stale',
    'stale',
    'stale',
  ]);
  const items: string[] = [];
  for await (const item of prices.items()) items.push(item);
  expect(items).toEqual(['old']);
});
