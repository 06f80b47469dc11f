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
