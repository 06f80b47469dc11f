import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import { codeOf } from '../../domain/error-code.ts';
import { StartupError } from '../startup-error.ts';
import { migrate, SCHEMA_VERSION } from './schema.ts';

const FILE = 'memories.db';
const LOCK = 'memories.lock';
/** Above this size the check of every page would make the start slow; SQLite still checks each page it reads. */
const QUICK_CHECK_BYTES = 256 * 1024 * 1024;

/** One level at a time: with `recursive`, Node tries for ever where a folder can not be made at all, as in /proc. */
const makeFolder = (folder: string): void => {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
};

const prepareFolder = (folder: string): void => {
  try {
    makeFolder(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new StartupError(
      'DATA_DIR_NOT_WRITABLE',
      `The data folder "${folder}" can not be written (${codeOf(cause)}). Set DATA_DIR to a folder this user may write.`,
      { cause },
    );
  }
};

/**
 * A second file, locked for as long as we live: the system drops the lock when the process dies, however it dies,
 * and the database itself stays readable to an operator's own tools.
 */
const lockFolder = (folder: string): Database => {
  let lock: Database | undefined;
  try {
    lock = new SqliteDatabase(join(folder, LOCK), { timeout: 0 });
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock?.close();
    if (/^SQLITE_(BUSY|LOCKED)/.test(codeOf(cause) ?? ''))
      throw new StartupError(
        'DATA_DIR_IN_USE',
        `Another process is using the data folder "${folder}". Stop it, or set DATA_DIR to another folder.`,
        { cause },
      );
    throw new StartupError(
      'DATA_DIR_NOT_WRITABLE',
      `The data folder "${folder}" can not be locked (${codeOf(cause)}). Set DATA_DIR to a folder this user may write.`,
      { cause },
    );
  }
};

const damaged = (folder: string, found: string, cause?: unknown): StartupError =>
  new StartupError(
    'DATABASE_DAMAGED',
    `"${join(folder, FILE)}" is damaged (${found}). Nothing was changed. Put a backup in its place, or move the file away to start empty.`,
    { cause },
  );

const openDatabase = (folder: string): Database => {
  let db: Database | undefined;
  try {
    db = new SqliteDatabase(join(folder, FILE), { timeout: 5_000 });
    const version = db.pragma('user_version', { simple: true }) as number;
    if (version > SCHEMA_VERSION)
      throw new StartupError(
        'DATABASE_TOO_NEW',
        `"${join(folder, FILE)}" has schema ${version}; this release knows up to ${SCHEMA_VERSION}. Start a newer release.`,
      );
    if (statSync(join(folder, FILE)).size <= QUICK_CHECK_BYTES) {
      const [verdict] = db.pragma('quick_check(1)') as { quick_check: string }[];
      if (verdict?.quick_check !== 'ok') throw damaged(folder, verdict?.quick_check ?? 'no answer');
    }
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    db.pragma('cache_size = -65536');
    migrate(db);
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof StartupError) throw cause;
    const code = codeOf(cause) ?? 'unknown';
    if (code.startsWith('SQLITE_NOTADB') || code.startsWith('SQLITE_CORRUPT'))
      throw damaged(folder, code, cause);
    if (
      code.startsWith('SQLITE_CANTOPEN') ||
      code.startsWith('SQLITE_READONLY') ||
      code.startsWith('SQLITE_PERM')
    )
      throw new StartupError(
        'DATA_DIR_NOT_WRITABLE',
        `"${join(folder, FILE)}" can not be opened for writing (${code}). Set DATA_DIR to a folder this user may write.`,
        { cause },
      );
    throw new StartupError('DATABASE_UNAVAILABLE', `"${join(folder, FILE)}" can not be opened (${code}).`, {
      cause,
    });
  }
};

export interface OpenedDatabase {
  db: Database;
  close: () => void;
}

/**
 * Opens `<folder>/memories.db`, makes it on first use, and keeps every other process out.
 * @throws StartupError, whose `code` says what is wrong; the file is then as it was.
 */
export const openFolder = (folder: string): OpenedDatabase => {
  prepareFolder(folder);
  const lock = lockFolder(folder);
  try {
    const db = openDatabase(folder);
    return {
      db,
      close: () => {
        db.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
};
