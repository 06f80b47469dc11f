import { randomUUID } from 'node:crypto';
import { inTime } from '../store/guard.ts';
import type { Bus } from './bus.ts';
import { type Change, changeIn, messagesOf } from './message.ts';
import { Outbox } from './outbox.ts';

/** Counts of the bus. `waiting` = changes that could not be sent yet. */
export interface BusStats {
  connected: boolean;
  sent: number;
  received: number;
  errors: number;
  waiting: number;
}

export interface LinkParts {
  bus: Bus;
  channel: string;
  timeoutMs: number;
  /** Applies a change of another node. */
  apply: (change: Change) => void;
  onError: (operation: 'publish' | 'subscribe' | 'message', error: unknown) => void;
  onState: (connected: boolean) => void;
}

const firstPauseMs = 500;
const longestPauseMs = 30_000;
const maxWaiting = 10_000;

/**
 * Ties a cache to its bus: tells others of changes, hears of theirs, and never tells on what it heard. What cannot be
 * sent waits; when messages may have been missed, everything remembered is in doubt.
 */
export class BusLink {
  readonly #parts: LinkParts;
  readonly #node = randomUUID();
  readonly #outbox = new Outbox(maxWaiting);
  #connected = false;
  #closed = false;
  #sent = 0;
  #received = 0;
  #errors = 0;
  #pauseMs = firstPauseMs;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #stop: (() => void | Promise<void>) | undefined;
  #subscribing = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#subscribe();
  }

  stats(): BusStats {
    return {
      connected: this.#connected,
      sent: this.#sent,
      received: this.#received,
      errors: this.#errors,
      waiting: this.#outbox.size,
    };
  }

  /** Tells the others; resolves when that was tried once. */
  publish(change: Change): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#outbox.add(change);
    return this.#send();
  }

  /** A last try to send what waits, and the end of listening; each bounded by the time limit. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#sending;
    await this.#sendAll();
    const stop = this.#stop;
    this.#stop = undefined;
    if (stop !== undefined)
      await inTime(this.#parts.timeoutMs, async () => stop()).catch((error: unknown) =>
        this.#failed('subscribe', error),
      );
  }

  #subscribe(): void {
    if (this.#subscribing || this.#stop !== undefined || this.#closed) return;
    this.#subscribing = true;
    const { bus, channel, timeoutMs } = this.#parts;
    const attempt = (async () =>
      bus.subscribe(channel, {
        message: (text) => this.#hear(text),
        lost: (error) => this.#lost(error),
        restored: () => this.#restored(),
      }))();
    void inTime(timeoutMs, () => attempt)
      .then(
        (stop) => this.#listening(stop),
        (error: unknown) => {
          this.#failed('subscribe', error);
          // It may still succeed; a second subscription beside it would hear everything twice.
          return attempt.then((stop) => this.#listening(stop)).catch(() => {});
        },
      )
      .finally(() => {
        this.#subscribing = false;
        if (this.#stop === undefined) this.#later();
      });
  }

  #listening(stop: () => void | Promise<void>): void {
    if (this.#closed) {
      void (async () => stop())().catch(() => {});
      return;
    }
    this.#stop = stop;
    this.#restored();
  }

  #hear(text: string): void {
    if (this.#closed) return;
    try {
      const change = changeIn(text, this.#node);
      if (change === undefined) return;
      this.#received++;
      this.#parts.apply(change);
    } catch (error) {
      this.#failed('message', error);
    }
  }

  #lost(error: unknown): void {
    if (!this.#connected || this.#closed) return;
    this.#connected = false;
    if (error !== undefined) this.#failed('subscribe', error);
    this.#parts.onState(false);
    this.#parts.apply({ kind: 'all', stamp: 0 });
  }

  #restored(): void {
    if (this.#connected || this.#closed) return;
    this.#connected = true;
    this.#pauseMs = firstPauseMs;
    this.#parts.onState(true);
    // What was remembered meanwhile may have been changed elsewhere without our hearing of it.
    this.#parts.apply({ kind: 'all', stamp: 0 });
    void this.#send();
  }

  #send(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
      if (this.#outbox.size > 0) this.#later();
    });
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    const { bus, channel, timeoutMs } = this.#parts;
    while (this.#outbox.size > 0) {
      const changes = this.#outbox.take();
      for (const [at, change] of changes.entries()) {
        try {
          for (const text of messagesOf(this.#node, change, bus.maxBytes ?? Number.POSITIVE_INFINITY)) {
            await inTime(timeoutMs, async () => bus.publish(channel, text));
            this.#sent++;
          }
          this.#pauseMs = firstPauseMs;
        } catch (error) {
          for (const unsent of changes.slice(at)) this.#outbox.add(unsent);
          this.#failed('publish', error);
          return;
        }
      }
    }
  }

  #later(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#subscribe();
      if (this.#outbox.size > 0) void this.#send();
    }, this.#pauseMs);
    this.#timer.unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }

  #failed(operation: 'publish' | 'subscribe' | 'message', error: unknown): void {
    this.#errors++;
    this.#parts.onError(operation, error);
  }
}
