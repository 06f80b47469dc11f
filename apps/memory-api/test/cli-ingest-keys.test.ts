import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Keyed, keyMaker } from '../src/cli/ingest/keys.ts';

const memory = (text: string, more: Partial<Keyed> = {}): Keyed => ({
  userId: 'user',
  app: 'ingest',
  text,
  metadata: {},
  ...more,
});

const keysOf = (memories: readonly Keyed[]): string[] => memories.map(keyMaker());

describe('keys', () => {
  it('are the same in every run over the file, one for each memory without an id, and fit the header', () => {
    // Few different texts, so that repetitions are the rule.
    const files = fc.array(fc.constantFrom('a', 'b', 'c').map((text) => memory(text)));
    fc.assert(
      fc.property(files, (memories) => {
        const keys = keysOf(memories);
        expect(keysOf(memories)).toEqual(keys);
        expect(new Set(keys).size).toBe(memories.length);
        for (const key of keys) expect(key).toMatch(/^ingest-[\w-]{43}$/);
      }),
    );
  });

  it('do not change for old lines when lines are appended or inserted', () => {
    const before = keysOf([memory('a'), memory('b'), memory('a')]);
    const after = keysOf([memory('new'), memory('a'), memory('b'), memory('a'), memory('a')]);
    expect(after.slice(1, 4)).toEqual(before);
  });

  it('follow the id alone where there is one', () => {
    const [one, edited, other] = keysOf([
      memory('a', { id: '1' }),
      memory('edited', { id: '1' }),
      memory('a', { id: '2' }),
    ]);
    expect(edited).toBe(one);
    expect(other).not.toBe(one);
  });

  it('differ by user, app and metadata', () => {
    const keys = [
      {},
      { userId: 'eve' },
      { app: 'mail' },
      { metadata: { k: 1 } },
      { id: '1' },
      { id: '1', app: 'b' },
    ];
    expect(new Set(keys.map((more) => keysOf([memory('a', more)])[0])).size).toBe(keys.length);
  });

  it('stay one for each memory far beyond the table’s first size', () => {
    const memories = Array.from({ length: 20_000 }, (_, at) => memory(`text ${at % 9_000}`));
    expect(new Set(keysOf(memories)).size).toBe(20_000);
  });
});
