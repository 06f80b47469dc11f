import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqliteStore } from '../src/storage/sqlite/store.ts';
import { memoryStoreSuite } from './conformance/memory-store-suite.ts';

memoryStoreSuite('the SQLite store', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'memory-api-'));
  const store = createSqliteStore({ folder });
  return {
    store,
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});
