import { describe, expect, it } from '@jest/globals';
import { type Bus, type BusListener, type Cache, createCache } from '../src/index.ts';
import { type Deferred, deferred, FaultyStore, settle } from './doubles.ts';

/** A bus that delivers when it is told to. */
class SlowBus implements Bus {
  readonly listeners = new Set<BusListener>();
  said: string[] = [];
  delivered = 0;

  async publish(_channel: string, text: string): Promise<void> {
    this.said.push(text);
  }

  async subscribe(_channel: string, listener: BusListener): Promise<() => void> {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async deliver(): Promise<void> {
    while (this.said.length > 0) {
      const said = this.said;
      this.said = [];
      this.delivered += said.length;
      for (const text of said) for (const listener of this.listeners) listener.message(text);
      await many();
    }
  }
}

/** Holds back the writing of what holds this text. */
class SlowStore extends FaultyStore {
  readonly gate: Deferred<void> = deferred();
  readonly text: string;
  constructor(text: string) {
    super();
    this.text = text;
  }
  override async set(key: string, value: unknown): Promise<boolean> {
    if (JSON.stringify(value).includes(this.text)) await this.gate.promise;
    return super.set(key, value);
  }
}

const many = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await settle();
};

/** Waits for another millisecond: what two nodes do within one has no order. */
const nextMs = async (): Promise<void> => {
  for (const now = Date.now(); Date.now() === now; ) await settle();
};

const nodes = async (memory: boolean) => {
  const bus = new SlowBus();
  const store = new SlowStore('loaded');
  const make = (): Cache<string> =>
    createCache<string>({ stores: [store], bus, ...(memory ? {} : { memory: false }) });
  const all = [make(), make(), make()] as const;
  await settle();
  return { bus, store, all };
};

describe.each([true, false])('a load that is written over a change by another node (memory %p)', (memory) => {
  it.each<[string, (cache: Cache<string>) => Promise<unknown>]>([
    ['set', (cache) => cache.set('k', 'set')],
    ['delete', (cache) => cache.delete('k')],
  ])('is taken back when the node hears of the %s while it writes', async (_name, change) => {
    const { bus, store, all } = await nodes(memory);
    const [one, other, third] = all;
    expect(await other.getOrSet('k', () => 'loaded')).toBe('loaded');
    await many();
    await nextMs();
    await change(one);
    await bus.deliver();
    store.gate.resolve();
    await many();
    await bus.deliver();
    expect([await other.get('k'), await third.get('k')]).toEqual([undefined, undefined]);
  });

  it('is taken back when the node hears of it a moment later, from those that have read it too', async () => {
    const { bus, store, all } = await nodes(memory);
    const [one, other, third] = all;
    await other.getOrSet('k', () => 'loaded');
    await many();
    await nextMs();
    await one.set('k', 'set');
    store.gate.resolve();
    await many();
    expect(await third.get('k')).toBe('loaded');
    await bus.deliver();
    expect([await other.get('k'), await third.get('k')]).toEqual([undefined, undefined]);
    expect(bus.delivered).toBe(2);
  });
});

it('a load that began after the change stays, and so does the change itself', async () => {
  const { bus, store, all } = await nodes(true);
  const [one, other, third] = all;
  store.gate.resolve();
  await one.set('set', 'set');
  await other.getOrSet('set', () => 'loaded');
  await one.delete('gone');
  expect(await other.getOrSet('gone', () => 'loaded')).toBe('loaded');
  await other.getOrSet('reset', () => 'loaded');
  await many();
  await one.set('reset', 'set');
  await bus.deliver();
  expect([await third.get('set'), await third.get('gone'), await third.get('reset')]).toEqual([
    'set',
    'loaded',
    'set',
  ]);
  expect(bus.delivered).toBe(3);
});
