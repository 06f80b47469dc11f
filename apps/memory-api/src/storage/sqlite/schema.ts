import type { Database } from 'better-sqlite3';

/**
 * Each entry moves the schema one version up; `user_version` counts those done.
 * An entry that has been released is never edited.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE users (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE apps (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner INTEGER NOT NULL REFERENCES users(seq),
    name TEXT NOT NULL,
    description TEXT,
    metadata TEXT NOT NULL DEFAULT '{}',
    is_active INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (owner, name)
  ) STRICT;

  -- AUTOINCREMENT: a number is never used twice, so an index entry can not come to mean another memory.
  CREATE TABLE memories (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    user INTEGER NOT NULL REFERENCES users(seq),
    app INTEGER NOT NULL REFERENCES apps(seq),
    -- 1, 2, 3 … among what this app wrote for this user.
    position INTEGER NOT NULL,
    content TEXT NOT NULL,
    metadata TEXT NOT NULL DEFAULT '{}',
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'archived', 'deleted')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    archived_at INTEGER,
    deleted_at INTEGER
  ) STRICT;
  CREATE INDEX memories_by_user ON memories (user, state, created_at);
  CREATE INDEX memories_by_app ON memories (app, state, created_at);
  CREATE UNIQUE INDEX memories_by_position ON memories (app, position);

  CREATE TABLE categories (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE memory_categories (
    memory INTEGER NOT NULL REFERENCES memories(seq),
    category INTEGER NOT NULL REFERENCES categories(seq),
    PRIMARY KEY (memory, category)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX memory_categories_by_category ON memory_categories (category);

  CREATE TABLE status_history (
    seq INTEGER PRIMARY KEY,
    memory INTEGER NOT NULL REFERENCES memories(seq),
    changed_by INTEGER NOT NULL REFERENCES users(seq),
    old_state TEXT NOT NULL,
    new_state TEXT NOT NULL,
    changed_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX status_history_by_memory ON status_history (memory);

  CREATE TABLE access_log (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    memory INTEGER NOT NULL REFERENCES memories(seq),
    app INTEGER NOT NULL REFERENCES apps(seq),
    access_type TEXT NOT NULL,
    accessed_at INTEGER NOT NULL,
    metadata TEXT NOT NULL DEFAULT '{}'
  ) STRICT;
  CREATE INDEX access_log_by_memory ON access_log (memory, accessed_at);
  CREATE INDEX access_log_by_app ON access_log (app, memory);

  CREATE TABLE vectors (
    memory INTEGER PRIMARY KEY REFERENCES memories(seq),
    user INTEGER NOT NULL,
    embedder TEXT NOT NULL,
    dims INTEGER NOT NULL,
    vector BLOB NOT NULL
  ) STRICT;
  CREATE INDEX vectors_by_user ON vectors (user, embedder);

  CREATE TABLE idempotency (
    user INTEGER NOT NULL REFERENCES users(seq),
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    memory INTEGER NOT NULL REFERENCES memories(seq),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user, key)
  ) STRICT, WITHOUT ROWID;

  -- FTS5 knows no partitions: \`scope\` holds one token naming the user, which every query asks for.
  CREATE VIRTUAL TABLE memories_fts USING fts5 (
    content, scope,
    content = '', contentless_delete = 1,
    tokenize = 'porter unicode61 remove_diacritics 2'
  );
  `,
];

export const SCHEMA_VERSION: number = MIGRATIONS.length;

/** Brings an open database up to this version. */
export const migrate = (db: Database): void => {
  const found = db.pragma('user_version', { simple: true }) as number;
  for (let version = found; version < MIGRATIONS.length; version++)
    db.transaction(() => {
      db.exec(MIGRATIONS[version]!);
      db.pragma(`user_version = ${version + 1}`);
    }).immediate();
};
