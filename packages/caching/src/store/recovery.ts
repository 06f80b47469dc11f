import { maxTimerMs } from '../option-checks.ts';
import { decodeMark, encodeMark, encodeRecord, heldSince } from './envelope.ts';
import { type Guarded, isUnwritable, type StoreGuard } from './guard.ts';
import type { KeyvStore, StoreWrite } from './keyv-store.ts';
import { type MissedWrite, MissedWrites } from './missed-writes.ts';
import { physicalTtl } from './physical-ttl.ts';
import type { WriteOrder } from './write-order.ts';

/** What happens to writes, deletes and invalidations that a store missed. */
export interface StoreRecovery {
  /** Changes kept at most, one a key; past it the oldest is lost. Default 10_000. */
  maxEntries?: number | undefined;
  /** The first pause before a try, in ms, doubling up to `storeCooldown.maxMs`. Default 1_000. */
  retryMs?: number | undefined;
}

export interface ReplayOutcome {
  /** Changes the store now has. */
  replayed: number;
  /** Changes given up as outdated: their time was over, or the store had a newer one from elsewhere. */
  outdated: number;
  /** Changes still waiting. */
  left: number;
  /** Keys whose set or delete was replayed. */
  keys: string[];
}

export interface RecoveryParts {
  store: KeyvStore;
  guard: StoreGuard;
  order: WriteOrder;
  maxEntries: number;
  retryMs: number;
  maxRetryMs: number;
  now: () => number;
  wall: () => number;
  onReplayed: (outcome: ReplayOutcome) => void;
  onLost: (names: number, cause: 'full' | 'unwritable' | 'closed') => void;
}

const batchSize = 100;

/**
 * Sends again what a store missed: after any call that succeeds, and by a timer of its own, which keeps no process
 * alive. A change from elsewhere that is newer than the missed one stays.
 */
export class Recovery<V> {
  readonly #parts: RecoveryParts;
  readonly #missed: MissedWrites<V>;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs: number;
  #closed = false;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
    this.#missed = new MissedWrites(parts.maxEntries);
    this.#pauseMs = parts.retryMs;
  }

  get size(): number {
    return this.#missed.size;
  }

  /**
   * The store took this change, or missed it: then it is kept, unless its value cannot be written: that is lost.
   * `loaded`: it can be loaded again.
   */
  settle(write: MissedWrite<V>, loaded: boolean, answer: Guarded<unknown>): void {
    if (answer.ok) {
      if (this.#missed.size > 0) this.#missed.settle(write.name, write.stamp);
      return;
    }
    if (isUnwritable(answer)) {
      this.#parts.onLost(1, 'unwritable');
      return;
    }
    if (this.#closed || this.#parts.maxEntries === 0) return;
    if (this.#missed.add(write, loaded) !== undefined) this.#parts.onLost(1, 'full');
    this.#schedule();
  }

  /** The store answers: time to try. */
  kick(): void {
    if (this.#missed.size > 0 && !this.#closed) this.#replay();
  }

  /** A last try, whatever the cool-down says, bounded by the store timeout; what is left is lost. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
    if (this.#missed.size > 0) await this.#replayAll(true);
    if (this.#missed.size > 0) this.#parts.onLost(this.#missed.size, 'closed');
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#running !== undefined || this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#replay();
      },
      // A timer set for longer fires at once.
      Math.min(maxTimerMs, Math.max(this.#pauseMs, this.#parts.guard.skippedForMs)),
    );
    this.#timer.unref();
  }

  #replay(): void {
    if (this.#running !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running = this.#replayAll(false).then((reached) => {
      this.#running = undefined;
      this.#pauseMs = reached
        ? this.#parts.retryMs
        : Math.min(Math.max(1, this.#pauseMs) * 2, this.#parts.maxRetryMs);
      if (this.#missed.size > 0) this.#schedule();
    });
  }

  /** False when the store failed. */
  async #replayAll(forced: boolean): Promise<boolean> {
    let replayed = 0;
    let outdated = 0;
    const keys: string[] = [];
    let reached = true;
    // What is missed while this runs waits for the next round, so the loop has an end.
    let left = this.#missed.size;
    while (reached && left > 0) {
      const batch = this.#missed.first(Math.min(batchSize, left));
      if (batch.length === 0) break;
      left -= batch.length;
      reached = await this.#replayBatch(batch, forced, (missed, isCurrent) => {
        if (isCurrent) replayed++;
        else outdated++;
        if (isCurrent && missed.kind !== 'mark') keys.push(missed.key);
      });
    }
    if (replayed + outdated > 0)
      this.#parts.onReplayed({ replayed, outdated, left: this.#missed.size, keys });
    return reached;
  }

  async #replayBatch(
    batch: readonly MissedWrite<V>[],
    forced: boolean,
    count: (missed: MissedWrite<V>, isCurrent: boolean) => void,
  ): Promise<boolean> {
    const answer = await this.#send(batch, forced);
    if (answer.ok) {
      for (const missed of batch) if (this.#missed.remove(missed)) count(missed, answer.value.has(missed));
      return true;
    }
    if (!isUnwritable(answer)) return false;
    // One of them cannot be written; apart, the others can.
    if (batch.length > 1) {
      for (const missed of batch) if (!(await this.#replayBatch([missed], forced, count))) return false;
      return true;
    }
    const [lost] = batch as [MissedWrite<V>];
    if (!this.#missed.remove(lost) || lost.kind !== 'set') return true;
    this.#parts.onLost(1, 'unwritable');
    // What it would have replaced must not live on for others.
    const { name, key, stamp } = lost;
    const removal = { kind: 'delete', name, key, stamp } as const;
    this.#missed.add(removal, false);
    return this.#replayBatch([removal], forced, count);
  }

  /** The answer: those that were current and are now in the store. */
  #send(batch: readonly MissedWrite<V>[], forced: boolean): Promise<Guarded<Set<MissedWrite<V>>>> {
    const { store, guard, order } = this.#parts;
    const names = batch.map(({ name }) => name);
    return order.after(names, () =>
      guard.run(
        async () => {
          const there = await this.#stampsOf(batch);
          const now = this.#parts.now();
          const current = new Set<MissedWrite<V>>();
          const writes: StoreWrite[] = [];
          const deletes: string[] = [];
          batch.forEach((missed, at) => {
            if (there[at]! > missed.stamp || !this.#missed.has(missed)) return;
            if (missed.kind === 'set' && now >= missed.usefulUntil) deletes.push(missed.name);
            else {
              current.add(missed);
              if (missed.kind === 'delete') deletes.push(missed.name);
              else if (missed.kind === 'mark')
                writes.push({ key: missed.name, value: encodeMark(missed.stamp), ttlMs: undefined });
              else
                writes.push({
                  key: missed.name,
                  value: encodeRecord(missed.record),
                  ttlMs: physicalTtl(missed.usefulUntil - now),
                });
            }
          });
          if (writes.length > 0) await store.setMany(writes);
          if (deletes.length > 0) await store.deleteMany(deletes);
          return current;
        },
        { forced },
      ),
    );
  }

  /** The stamps of what the store holds under these names; 0 for nothing, and for an entry that cannot be read. */
  async #stampsOf(batch: readonly MissedWrite<V>[]): Promise<number[]> {
    const raws = await this.#parts.store.getMany(batch.map(({ name }) => name));
    const now = this.#parts.wall();
    return batch.map(({ kind }, at) => {
      if (kind !== 'mark') return heldSince(raws[at], now);
      // A damaged mark voids more than the one that is missed, and is mended by whoever reads it.
      const mark = decodeMark(raws[at], now) ?? 0;
      return mark === 'damaged' ? Number.POSITIVE_INFINITY : mark;
    });
  }
}
