/** What a bus tells a cache that listens. */
export interface BusListener {
  message(text: string): void;
  /** From now on messages may be missed. */
  lost(error?: unknown): void;
  /** Messages arrive (again). */
  restored(): void;
}

/**
 * Carries short texts between processes, to all who listen on a channel; a sender may hear itself. A message may get
 * lost only between `lost()` and `restored()`.
 */
export interface Bus {
  /** Longest message in bytes. Default: no limit. */
  readonly maxBytes?: number | undefined;
  /** Rejects when the message was not accepted. */
  publish(channel: string, text: string): Promise<void>;
  /** Resolves once messages arrive; rejects when that cannot be had now. The answer ends it. */
  subscribe(channel: string, listener: BusListener): Promise<() => void | Promise<void>>;
}

/** A bus inside one process, for caches that share a source, and for tests. */
export function memoryBus(): Bus {
  const listeners = new Map<string, Set<BusListener>>();
  return {
    async publish(channel, text) {
      for (const listener of [...(listeners.get(channel) ?? [])]) listener.message(text);
    },
    async subscribe(channel, listener) {
      const all = listeners.get(channel) ?? new Set();
      listeners.set(channel, all.add(listener));
      return () => {
        all.delete(listener);
      };
    },
  };
}
