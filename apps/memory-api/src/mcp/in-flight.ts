/** What is under way, so that a server about to close can let it end. */
export interface InFlight {
  add(work: Promise<unknown>): void;
  /** Resolves when all of it has ended, or after `limitMs`. */
  settled(limitMs: number): Promise<void>;
}

export const createInFlight = (): InFlight => {
  const pending = new Set<Promise<unknown>>();
  return {
    add(work) {
      const done = (): void => {
        pending.delete(work);
      };
      pending.add(work);
      work.then(done, done);
    },
    async settled(limitMs) {
      if (pending.size === 0) return;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, limitMs);
      });
      await Promise.race([Promise.allSettled(pending), late]);
      clearTimeout(timer);
    },
  };
};
