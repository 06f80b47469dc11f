import type { StoreError } from '../errors.ts';
import type { StoreKeys } from '../keys.ts';
import type { StoreGuard } from './guard.ts';
import type { KeyvStore } from './keyv-store.ts';

/** Names of entries with what the store holds under them. */
export type Batch = (readonly [string, unknown])[];

interface Listed {
  store: KeyvStore;
  guard: StoreGuard;
  keys: StoreKeys;
  onFailure: (operation: 'purge', error: StoreError | undefined, key: undefined) => void;
}

const batchSize = 100;

/** All entries of a namespace, each step within the store's time limit. Ends early where the store fails. */
export async function* batches({ store, guard, keys, onFailure }: Listed): AsyncGenerator<Batch> {
  const all = store.entries();
  let batch: Batch = [];
  for (;;) {
    const answer = await guard.run(() => all.next());
    if (!answer.ok) {
      onFailure('purge', answer.error, undefined);
      return;
    }
    if (answer.value !== undefined && keys.isEntry(answer.value[0])) batch.push(answer.value);
    if (batch.length < batchSize && answer.value !== undefined) continue;
    if (batch.length > 0) yield batch;
    if (answer.value === undefined) return;
    batch = [];
  }
}
