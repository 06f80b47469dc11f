import { describe, expect, it } from '@jest/globals';
import { circuitBreaker, stream } from '../src/index.ts';
import { deferred, VirtualClock } from './virtual-clock.ts';

const three = async function* (): AsyncGenerator<number> {
  yield* [1, 2, 3];
};

/** A feed whose next item, or end, comes when the test says so. */
const feed = () => {
  const gate = deferred<void>();
  const open = async function* (): AsyncGenerator<number> {
    yield 1;
    await gate.promise;
  };
  return { open, gate };
};

const read = async (source: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of source);
};

/** A circuit that has opened, and whose break is over. */
const halfOpen = async (time: VirtualClock, options: Parameters<typeof circuitBreaker>[0] = {}) => {
  const breaker = circuitBreaker({ failureThreshold: 1, openMs: 10, clock: time.time.clock, ...options });
  while (breaker.state === 'closed')
    await breaker.execute(() => Promise.reject(new Error('down'))).catch(() => {});
  await time.advance(10);
  expect(breaker.state).toBe('half-open');
  return breaker;
};

describe('the time of a stream, for a circuit,', () => {
  const slow = (time: VirtualClock) =>
    circuitBreaker({
      window: { type: 'count', size: 1, slowCallMs: 100, slowCallRate: 1 },
      clock: time.time.clock,
    });

  it('ends with the first item, however slow its reader is', async () => {
    const time = new VirtualClock();
    const breaker = slow(time);
    for await (const _ of stream(breaker, three)) await time.advance(100);
    expect([breaker.state, breaker.explain().window]).toMatchObject(['closed', { calls: 1, slow: 0 }]);
  });

  it('is too long where the first item comes late, though the rest comes at once', async () => {
    const time = new VirtualClock();
    const breaker = slow(time);
    await read(
      stream(breaker, async function* () {
        await time.advance(100);
        yield 1;
      }),
    );
    expect(breaker.state).toBe('open');
  });
});

describe('a stream that is the probe of a half-open circuit', () => {
  it('has answered with its first item, so that an endless one closes the circuit', async () => {
    const time = new VirtualClock();
    const breaker = await halfOpen(time, { halfOpenMaxWaitMs: 1_000 });
    const items = stream(breaker, feed().open);
    await items.next();
    expect(breaker.state).toBe('closed');
    await time.advance(5_000);
    expect(breaker.state).toBe('closed');
  });

  it('counts once, be it read to its end or left', async () => {
    const time = new VirtualClock();
    const breaker = await halfOpen(time, { halfOpenProbes: 3 });
    await read(stream(breaker, three));
    for await (const _ of stream(breaker, three)) break;
    expect(breaker.state).toBe('half-open');
    await breaker.execute(() => 1);
    expect(breaker.state).toBe('closed');
  });

  it('counts as a failure of its own when it fails after that', async () => {
    const time = new VirtualClock();
    const breaker = await halfOpen(time, { failureThreshold: 2 });
    const { open, gate } = feed();
    const items = stream(breaker, open);
    await items.next();
    gate.reject(new Error('torn'));
    await expect(items.next()).rejects.toThrow('torn');
    expect(breaker.state).toBe('closed');
    expect(breaker.explain().window).toMatchObject({ failures: 1 });
  });

  it('is no failure of a circuit that has opened and closed again since', async () => {
    const time = new VirtualClock();
    const breaker = await halfOpen(time);
    const { open, gate } = feed();
    const items = stream(breaker, open);
    await items.next();
    await breaker.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    await time.advance(10);
    await breaker.execute(() => 1);
    gate.reject(new Error('torn'));
    await expect(items.next()).rejects.toThrow('torn');
    expect(breaker.state).toBe('closed');
  });

  it('opens a circuit that is still half-open when it fails after that', async () => {
    const time = new VirtualClock();
    const breaker = await halfOpen(time, { halfOpenProbes: 2 });
    const { open, gate } = feed();
    const items = stream(breaker, open);
    await items.next();
    expect(breaker.state).toBe('half-open');
    gate.reject(new Error('torn'));
    await expect(items.next()).rejects.toThrow('torn');
    expect(breaker.state).toBe('open');
  });

  it('fails by a first item that comes too late', async () => {
    const time = new VirtualClock();
    const breaker = await halfOpen(time, { halfOpenMaxWaitMs: 50 });
    const items = stream(breaker, async function* () {
      await time.advance(60);
      yield 1;
    });
    await items.next();
    expect(breaker.stats().successes).toBe(1);
    expect(breaker.state).not.toBe('closed');
  });
});
