import { type MemoryStore, STORE_OPERATIONS, type StoreOperation, storeFrom } from './memory-store.ts';
import type { Policy } from './policy.ts';

/** A store each of whose operations runs through the policy for its kind. */
export const guardStore = (store: MemoryStore, policies: { read: Policy; write: Policy }): MemoryStore =>
  storeFrom(
    (operation: StoreOperation, args) => {
      const call = store[operation] as (...args: readonly unknown[]) => Promise<unknown>;
      return policies[STORE_OPERATIONS[operation]].execute(() => call(...args));
    },
    () => store.close(),
  );
