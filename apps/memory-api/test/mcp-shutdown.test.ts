import { describe, expect, it } from '@jest/globals';
import { mcpRoutes } from '../src/mcp/routes.ts';
import { startMcp } from './doubles/mcp-server.ts';
import { openStream, post, toolCall } from './doubles/mcp-wire.ts';

describe('closing the server', () => {
  it('ends open streams in order, within a second', async () => {
    const server = await startMcp();
    const streams = [await openStream(server), await openStream(server)];
    expect(await server.close()).toBeLessThan(1000);
    expect(await Promise.all(streams.map(({ ended }) => ended))).toEqual(['ended', 'ended']);
  });

  it('lets a call under way end and answers it', async () => {
    let finish = (): void => {};
    let entered = (): void => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const server = await startMcp({
      replace: (agents) => ({
        ...agents,
        list: async () => {
          entered();
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
          return [];
        },
      }),
    });
    const asked = post(server.address('http'), toolCall('list_memories'));
    await inside;
    const closing = server.close();
    setImmediate(finish);
    expect((await asked).json().result).toMatchObject({ content: [{ type: 'text', text: '[]' }] });
    expect(await closing).toBeLessThan(1000);
  });

  it('does not wait for a call that never ends', async () => {
    let entered = (): void => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const server = await startMcp({
      replace: (agents) => ({
        ...agents,
        list: () => {
          entered();
          return new Promise(() => {});
        },
      }),
    });
    const asked = post(server.address('http'), toolCall('list_memories')).catch(() => 'cut off');
    await inside;
    expect(await server.close()).toBeLessThan(1000);
    expect(await asked).toBe('cut off');
  });
});

describe('options', () => {
  it.each([
    ['maxStreamsPerUser', 0],
    ['keepAliveMs', 1.5],
    ['callTimeoutMs', -1],
  ])('refuses %s = %p by name', (name, value) => {
    const options = {
      agents: {} as never,
      version: '1',
      publicError: () => ({ code: 'X', message: 'x', retryable: false }),
    };
    expect(() => mcpRoutes({ ...options, [name]: value })).toThrow(
      new RangeError(`${name} must be an integer >= 1, got ${value}`),
    );
  });
});
