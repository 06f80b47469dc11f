import type { Feed } from './feed.ts';

/** Sees every finished record before it goes anywhere. */
export interface Observer {
  /** Stands among the transports of every logger, so that its level counts as theirs do. */
  readonly feeds: readonly Feed[];
  /** @returns true when it keeps the record for itself. `text` is what would be written, `line` our JSON of it. */
  take(record: ObservedRecord): boolean;
}

export interface ObservedRecord {
  readonly logger: string;
  readonly level: string;
  readonly line: string;
  readonly text: string;
}

/** Set by `./testing` alone, and only while a capture runs; whoever sets it calls `touch`. */
export const observing: { observer: Observer | undefined } = { observer: undefined };
