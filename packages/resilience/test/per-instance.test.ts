import { expect, it } from '@jest/globals';
import { circuitBreaker, perInstance, retry } from '../src/index.ts';

const own = perInstance(() => circuitBreaker({ failureThreshold: 1 }));

class Client {
  #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  @own
  async fail(): Promise<never> {
    throw new Error(`${this.#name} is down`);
  }
  @own
  async find(id: number, _options?: object): Promise<string> {
    return `${this.#name}:${id}`;
  }
}

it('reads an async generator under the policy of its instance, arguments and this kept', async () => {
  const opened: string[] = [];
  class Feed {
    #name: string;
    constructor(name: string) {
      this.#name = name;
    }
    @perInstance(() => circuitBreaker({ failureThreshold: 1 }))
    async *items(count: number): AsyncGenerator<string, void, undefined> {
      opened.push(this.#name);
      for (let n = 1; n <= count; n++) yield `${this.#name}:${n}`;
      if (count === 0) throw new Error('down');
    }
  }
  const [a, b] = [new Feed('a'), new Feed('b')];
  const read = async (feed: Feed, count: number) => {
    const items: string[] = [];
    for await (const item of feed.items(count)) items.push(item);
    return items;
  };
  await expect(read(a, 2)).resolves.toEqual(['a:1', 'a:2']);
  await expect(read(a, 0)).rejects.toThrow('down');
  await expect(read(a, 1)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  await expect(read(b, 1)).resolves.toEqual(['b:1']);
  expect(opened).toEqual(['a', 'a', 'b']);
  const { items } = a;
  await expect(items(1).next()).rejects.toThrow('a policy per instance needs an instance as "this"');
});

it('keeps the state of instances apart, and shares it between the methods of one', async () => {
  const a = new Client('a');
  const b = new Client('b');
  await expect(a.fail()).rejects.toThrow('a is down');
  await expect(a.find(1)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  await expect(b.find(2)).resolves.toBe('b:2');
  expect([b.find.name, b.find.length]).toEqual(['find', 2]);
});

it('makes one policy an instance, and hands the instance in', async () => {
  const made: object[] = [];
  const decorate = perInstance((instance) => {
    made.push(instance);
    return retry({ initialDelayMs: 0 });
  });
  const context = { kind: 'method', name: 'run' } as never;
  const run = decorate(async () => 'ran', context);
  const instance = {};
  await run.call(instance as never);
  await run.call(instance as never);
  expect(made).toEqual([instance]);
});

it('rejects without an instance, and for what is no policy', async () => {
  const context = { kind: 'method', name: 'run' } as never;
  const run = perInstance(() => 5 as never)(async () => 'ran', context) as () => Promise<string>;
  await expect(run()).rejects.toThrow('a policy per instance needs an instance as "this", got undefined');
  await expect(run.call({} as never)).rejects.toThrow(
    'perInstance must be given a policy (with execute), got 5',
  );
  expect(() => perInstance(5 as never)).toThrow('perInstance needs a function, got 5');
});
