import type { AlertEmitter } from './alert-events.ts';
import type { AlertNotice } from './alert-notice.ts';
import { errorCode } from './error-code.ts';
import { after, type Timers } from './timers.ts';

/** Takes a notice wherever it should go. May be async; the signal aborts when its time is up. */
export type AlertSinkFunction = (notice: AlertNotice, context: { signal: AbortSignal }) => unknown;

/** Where notices go. `logSink` and `webhookSink` make some; a function alone is one too. */
export interface AlertSink {
  send: AlertSinkFunction;
  /** In events and the snapshot. Default `sink-1`, `sink-2` and so on. */
  name?: string | undefined;
  /** A delivery that takes longer has failed, and the next one begins. Default 10_000. */
  timeoutMs?: number | undefined;
  /** Notices that may wait for this sink; above that the oldest is dropped. Default 100. */
  maxQueued?: number | undefined;
}

/** What became of the notices of one sink. */
export interface AlertSinkStats {
  queued: number;
  delivered: number;
  failed: number;
  dropped: number;
}

/** A sink with every default filled in. */
export interface SinkSettings {
  send: AlertSinkFunction;
  timeoutMs: number;
  maxQueued: number;
}

type Context = <T>(fn: () => T) => T;

/** Hands notices to one sink, one at a time, never on the stack of the call that caused them. */
export class AlertQueue {
  readonly name: string;
  readonly #sink: SinkSettings;
  readonly #emitter: AlertEmitter;
  readonly #timers: Timers;
  readonly #neutral: Context;
  readonly #waiting: AlertNotice[] = [];
  #draining: Promise<void> | undefined;
  #delivered = 0;
  #failed = 0;
  #dropped = 0;

  /** `neutral` runs a function outside the async context of the call that is under way. */
  constructor(name: string, sink: SinkSettings, emitter: AlertEmitter, timers: Timers, neutral: Context) {
    this.name = name;
    this.#sink = sink;
    this.#emitter = emitter;
    this.#timers = timers;
    this.#neutral = neutral;
  }

  add(notice: AlertNotice): void {
    this.#waiting.push(notice);
    // The oldest goes: a later notice says more of how things are.
    if (this.#waiting.length > this.#sink.maxQueued) {
      const { id, type } = this.#waiting.shift()!;
      this.#dropped++;
      this.#emitter.emit('alert-drop', { sink: this.name, id, type });
    }
    this.#draining ??= this.#neutral(() => this.#drain());
  }

  stats(): AlertSinkStats {
    return {
      queued: this.#waiting.length,
      delivered: this.#delivered,
      failed: this.#failed,
      dropped: this.#dropped,
    };
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
  }

  async #drain(): Promise<void> {
    await undefined;
    for (let notice = this.#waiting.shift(); notice !== undefined; notice = this.#waiting.shift()) {
      const { id, type } = notice;
      try {
        await this.#deliver(notice);
        this.#delivered++;
      } catch (error) {
        this.#failed++;
        this.#emitter.emit('alert-failure', { sink: this.name, id, type, code: errorCode(error) });
      }
    }
    this.#draining = undefined;
  }

  #deliver(notice: AlertNotice): Promise<unknown> {
    const { send, timeoutMs } = this.#sink;
    const controller = new AbortController();
    return new Promise((resolve, reject) => {
      const stop = after(this.#timers, timeoutMs, () => {
        const error = new DOMException('The alert sink took too long', 'TimeoutError');
        reject(error);
        controller.abort(error);
      });
      new Promise((settle) => settle(send(notice, { signal: controller.signal }))).then(
        (value) => {
          stop();
          resolve(value);
        },
        (error: unknown) => {
          stop();
          reject(error);
        },
      );
    });
  }
}
