import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import { createSqliteStore } from '../src/storage/sqlite/store.ts';

describe('opening the data folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'memory-api-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const failure = (at: string): unknown => {
    try {
      void createSqliteStore({ folder: at });
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it('makes the folder and all above it', async () => {
    const store = createSqliteStore({ folder: join(folder, 'a/b') });
    await store.close();
    expect(readFileSync(join(folder, 'a/b/memories.db')).subarray(0, 15).toString()).toBe('SQLite format 3');
  });

  it('names a folder that can not be made', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(failure(join(folder, 'file'))).toMatchObject({
      code: 'DATA_DIR_NOT_WRITABLE',
      message: expect.stringContaining('DATA_DIR'),
    });
  });

  it('leaves a file that is no database as it is', () => {
    const file = join(folder, 'memories.db');
    const text = 'my shopping list '.repeat(500);
    writeFileSync(file, text);
    expect(failure(folder)).toMatchObject({
      code: 'DATABASE_DAMAGED',
      message: expect.stringContaining('backup'),
    });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('finds damage in the middle of the file and leaves it as it is', async () => {
    const store = createSqliteStore({ folder });
    const { user } = await store.ensureUser('ada');
    for (let i = 0; i < 200; i++)
      await store.addMemory({
        userId: user.id,
        appName: 'a',
        content: `memory ${i} `.repeat(20),
        metadata: {},
        categories: [],
      });
    await store.close();
    const file = join(folder, 'memories.db');
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096 * 4, 4096 * 12);
    writeFileSync(file, bytes);
    expect(failure(folder)).toMatchObject({ code: 'DATABASE_DAMAGED' });
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it('refuses a database of a newer release', async () => {
    await createSqliteStore({ folder }).close();
    const db = new SqliteDatabase(join(folder, 'memories.db'));
    db.pragma('user_version = 999');
    db.close();
    expect(failure(folder)).toMatchObject({
      code: 'DATABASE_TOO_NEW',
      message: expect.stringContaining('999'),
    });
  });

  it('gives the folder free again after a failure', async () => {
    mkdirSync(join(folder, 'memories.db'));
    expect(failure(folder)).toMatchObject({ code: 'DATA_DIR_NOT_WRITABLE' });
    rmSync(join(folder, 'memories.db'), { recursive: true });
    await createSqliteStore({ folder }).close();
  });
});
