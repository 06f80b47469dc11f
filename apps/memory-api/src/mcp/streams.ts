import { mcpErrors } from './errors.ts';

/** Counts the open streams of each user; a client that reconnects for ever must not fill the memory. */
export interface StreamLimit {
  /**
   * Takes one place; call the answer to give it back, once or more often.
   * @throws TOO_MANY_STREAMS when the user has none left.
   */
  take(userId: string): () => void;
}

export const createStreamLimit = (maxPerUser: number): StreamLimit => {
  const open = new Map<string, number>();
  return {
    take(userId) {
      const taken = open.get(userId) ?? 0;
      if (taken >= maxPerUser) throw mcpErrors.TOO_MANY_STREAMS({ limit: maxPerUser });
      open.set(userId, taken + 1);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        const left = open.get(userId)! - 1;
        if (left === 0) open.delete(userId);
        else open.set(userId, left);
      };
    },
  };
};
