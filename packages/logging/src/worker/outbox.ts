import { newlines } from '../newlines.ts';
import { type Batch, isDone } from './messages.ts';

export const linesIn = (text: string): number => newlines(Buffer.from(text));

/** Lines on their way to the thread: gathered, or handed over and not known to be out. */
export class Outbox {
  pending = '';
  #sent: Batch[] = [];
  #sentLength = 0;
  #seq = 0;

  /** UTF-16 units of all of them. */
  get length(): number {
    return this.pending.length + this.#sentLength;
  }

  get lines(): number {
    return this.#sent.reduce((sum, { text }) => sum + linesIn(text), linesIn(this.pending));
  }

  /** The number of the latest batch. */
  get last(): number {
    return this.#seq;
  }

  /** True while the thread has something to do. */
  get isWaiting(): boolean {
    return this.#sent.length > 0;
  }

  /** What is gathered, as a batch that counts as handed over. */
  take(): Batch {
    this.#seq = (this.#seq + 1) | 0;
    const batch = { seq: this.#seq, text: this.pending };
    this.pending = '';
    this.#sent.push(batch);
    this.#sentLength += batch.text.length;
    return batch;
  }

  /** Forgets the batches up to `done`. @returns whether there were any. */
  settle(done: number): boolean {
    let out = 0;
    while (out < this.#sent.length && isDone(this.#sent[out]!.seq, done)) {
      this.#sentLength -= this.#sent[out]!.text.length;
      out++;
    }
    this.#sent.splice(0, out);
    return out > 0;
  }

  /** All that is not known to be out; it is empty from then on. */
  takeAll(): string {
    const text = this.#sent.map((batch) => batch.text).join('') + this.pending;
    this.#sent = [];
    this.#sentLength = 0;
    this.pending = '';
    return text;
  }
}
