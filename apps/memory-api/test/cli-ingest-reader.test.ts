import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Line, linesOf } from '../src/cli/ingest/lines.ts';
import { openRecords } from '../src/cli/ingest/reader.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingest-reader-'));
});
afterAll(() => rm(folder, { recursive: true }));

const file = async (name: string, content: string | Buffer): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};

const read = async (name: string, content: string | Buffer, paragraphs = false): Promise<string[]> => {
  const { items, close } = await openRecords(await file(name, content), { paragraphs });
  const found: string[] = [];
  for await (const item of items) {
    found.push(
      'record' in item
        ? `${item.at}: ${item.record.text}`
        : `${item.at}: ${item.problem.code} ${item.problem.message}`,
    );
  }
  await close();
  return found;
};

const refused = async (name: string, content: string | Buffer): Promise<string> => {
  const error: unknown = await read(name, content).catch((caught: unknown) => caught);
  return error instanceof Error ? error.message.replace(folder, '') : 'was read';
};

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const all = async (lines: AsyncIterable<Line>): Promise<Line[]> => {
  const found: Line[] = [];
  for await (const line of lines) found.push(line);
  return found;
};

describe('lines', () => {
  it('are the same however the bytes are cut, and end at the file’s length', async () => {
    const text = fc
      .array(fc.constantFrom('a', 'é', '😀', '\n', '\r\n', ' ', '\ufeff'))
      .map((all) => all.join(''));
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), async (content, size) => {
        const bytes = Buffer.from(content);
        const found = await all(linesOf(chunked(bytes, size)));
        const expected = content.split('\n').map((line) => line.replace(/\r$/, ''));
        if (content === '' || content.endsWith('\n')) expected.pop();
        expected[0] = expected[0]?.replace(/^\ufeff/, '') ?? '';
        expect(found.map((line) => ('text' in line ? line.text : line.problem))).toEqual(
          content === '' ? [] : expected,
        );
        expect(found.at(-1)?.end ?? 0).toBe(bytes.length);
      }),
    );
  });

  it('that are too long are problems, and the lines behind them are read', async () => {
    const found = await all(linesOf(chunked(Buffer.from('abc\nabcdef\nabcd'), 4), 4));
    expect(found).toEqual([
      { line: 1, end: 4, text: 'abc' },
      { line: 2, end: 11, problem: 'LINE_TOO_LONG' },
      { line: 3, end: 15, text: 'abcd' },
    ]);
  });

  it('that are not UTF-8 are problems instead of replacement characters', async () => {
    const bytes = Buffer.concat([Buffer.from('a\n'), Buffer.from([0xc3, 0x28, 0x0a]), Buffer.from('b\n')]);
    expect(
      (await all(linesOf(chunked(bytes, 2)))).map((line) => ('text' in line ? line.text : line.problem)),
    ).toEqual(['a', 'NOT_UTF8', 'b']);
  });

  it('are cut from no more chunks than were asked for', async () => {
    let pulled = 0;
    const endless = async function* (): AsyncGenerator<Buffer, void, undefined> {
      for (;;) {
        pulled++;
        yield Buffer.from('one\ntwo\n');
      }
    };
    const lines = linesOf(endless());
    for (let at = 0; at < 4; at++) await lines.next();
    await lines.return();
    expect(pulled).toBe(2);
  });
});

describe('a text file', () => {
  it('is a memory a line that is not blank, numbered as in an editor', async () => {
    expect(await read('a.txt', '\ufeffone\r\n\n  two \n \nthree')).toEqual([
      'line 1: one',
      'line 3: two',
      'line 5: three',
    ]);
  });

  it('is a memory a paragraph when asked, numbered by its first line', async () => {
    expect(await read('b.txt', '\none\nmore\n\n\ntwo\n', true)).toEqual(['line 2: one\nmore', 'line 6: two']);
  });

  it('loses the whole paragraph to a line that is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('a\n'), Buffer.from([0xff]), Buffer.from('\nb\n\nc')]);
    expect(await read('c.txt', bytes, true)).toEqual(['line 1: NOT_UTF8 is not UTF-8', 'line 5: c']);
  });

  it('that is binary is refused as a whole', async () => {
    expect(await refused('d.bin', Buffer.from('a\0b'))).toBe(
      '/d.bin is not a text file in UTF-8: it holds NUL bytes (binary, compressed or UTF-16)',
    );
  });

  it('that is empty holds nothing', async () => {
    expect(await read('e.txt', '')).toEqual([]);
  });
});

describe('a JSONL file', () => {
  it('takes strings and objects by any of the names, and tells bad lines by number', async () => {
    const lines = [
      '"one"',
      '{"text":"two"}',
      '',
      '{"content":"three"}',
      '{"memory":"four"}',
      '{oops',
      '7',
      '{"text":5}',
    ];
    const found = await read('a.jsonl', lines.join('\n'));
    expect(found.slice(0, 4)).toEqual(['line 1: one', 'line 2: two', 'line 4: three', 'line 5: four']);
    expect(found[4]).toMatch(/^line 6: JSON_INVALID Expected/);
    expect(found.slice(5)).toEqual([
      'line 7: RECORD_INVALID must be a string or an object with text, content or memory',
      'line 8: RECORD_INVALID text must be a string',
    ]);
  });

  it('keeps metadata, app, user and id, also as the API’s own lists spell them', async () => {
    const path = await file(
      'b.ndjson',
      '{"text":"a","metadata":{"k":1},"app":"mail","user_id":"eve","id":7}\n{"content":"b","metadata_":{"k":2},"app_name":"chat","id":"x"}',
    );
    const { items, unit, total, close } = await openRecords(path, { paragraphs: false });
    expect([unit, total]).toEqual(['bytes', 130]);
    expect([(await items.next()).value, (await items.next()).value]).toEqual([
      {
        record: { text: 'a', metadata: { k: 1 }, app: 'mail', userId: 'eve', id: '7' },
        at: 'line 1',
        done: 68,
      },
      {
        record: { text: 'b', metadata: { k: 2 }, app: 'chat', userId: undefined, id: 'x' },
        at: 'line 2',
        done: 130,
      },
    ]);
    await close();
  });

  it.each([
    ['{"text":"a","metadata":[]}', 'metadata must be an object'],
    ['{"text":"a","app":1}', 'app must be a string'],
    ['{"text":"a","user_id":1}', 'user_id must be a string'],
    ['{"text":"a","id":""}', 'id must be a number or a string that is not empty'],
    ['{"title":"a"}', 'holds none of text, content and memory'],
  ])('refuses %s', async (line, message) => {
    expect(await read('c.jsonl', line)).toEqual([`line 1: RECORD_INVALID ${message}`]);
  });
});

describe('a JSON file', () => {
  it.each(['memories', 'items', 'results', 'data'])(
    'may be an object with one array named %s',
    async (name) => {
      expect(await read('a.json', JSON.stringify({ total: 1, [name]: ['one', { text: 'two' }] }))).toEqual([
        'record 1: one',
        'record 2: two',
      ]);
    },
  );

  it('counts its records beforehand', async () => {
    const { unit, total, close } = await openRecords(await file('b.json', '["a","b"]'), {
      paragraphs: false,
    });
    await close();
    expect([unit, total]).toEqual(['records', 2]);
  });

  it.each([
    ['[1,', /^\/c\.json is not valid JSON: /],
    ['{"a":1}', /^\/c\.json must hold an array, .* it has none$/],
    ['{"items":[],"data":[]}', /it has items and data$/],
    ['"one"', /it has none$/],
  ])('that reads %s is refused as a whole', async (content, message) => {
    expect(await refused('c.json', content)).toMatch(message);
  });
});

describe('a file that can not be opened', () => {
  it('is named with the reason', async () => {
    const missing = openRecords(join(folder, 'missing.txt'), { paragraphs: false });
    await expect(missing).rejects.toThrow(`${join(folder, 'missing.txt')} does not exist`);
    await expect(openRecords(folder, { paragraphs: false })).rejects.toThrow('is a directory; name one file');
  });
});
