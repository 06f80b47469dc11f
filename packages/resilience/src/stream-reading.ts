import { isCancellation, PolicyTimeoutError, stackless } from './errors.ts';
import { Holds } from './holds.ts';
import type { Items } from './opened.ts';
import { StreamLife } from './stream-life.ts';
import { after, systemTimers, type Timers } from './timers.ts';

export interface StreamLimits {
  gapMs?: number | undefined;
  totalMs?: number | undefined;
  timers?: Timers | undefined;
}

/**
 * One stream as it is read: its cancellation, its time limits, and what is held for it. Whatever ends it ends it for the reader at
 * once; what is held is given back when the source has settled, or a time limit gives it up.
 */
export class StreamReading {
  readonly life = new StreamLife();
  readonly holds = new Holds();
  over = false;
  readonly #policy: string;
  readonly #timers: Timers;
  readonly #gapMs: number;
  readonly #caller: AbortSignal | undefined;
  readonly #struck = Promise.withResolvers<void>();
  readonly #stopTotal: () => void;
  #stopGap = (): void => {};
  #items: Items | undefined;
  /** The item that the source is at work on. */
  #pending: unknown;

  constructor(policy: string, limits: StreamLimits, caller: AbortSignal | undefined) {
    const { gapMs = Number.POSITIVE_INFINITY, totalMs = Number.POSITIVE_INFINITY } = limits;
    this.#policy = policy;
    this.#timers = limits.timers ?? systemTimers;
    this.#gapMs = gapMs;
    this.#caller = caller;
    this.#stopTotal = after(this.#timers, totalMs, () => this.#strike('total', totalMs));
    if (caller?.aborted === true) this.handleEvent();
    caller?.addEventListener('abort', this, { once: true });
  }

  /** The caller aborts. */
  handleEvent(): void {
    this.life.end(this.#caller?.reason);
  }

  /** From now on these are the items; the first may be there already. */
  async read(items: Items, first: IteratorResult<unknown> | undefined): Promise<IteratorResult<unknown>> {
    this.#items = items;
    return first ?? this.#ask(items);
  }

  next(): Promise<IteratorResult<unknown>> {
    this.#watchGap();
    return this.#ask(this.#items!);
  }

  async #ask(items: Items): Promise<IteratorResult<unknown>> {
    this.life.signal.throwIfAborted();
    const pending = items.next();
    this.#pending = pending;
    const item = await this.life.race(pending);
    this.#pending = undefined;
    this.#stopGap();
    return item;
  }

  /** The source was read to its end. */
  finish(): void {
    this.#end({ how: 'succeeded', error: undefined });
  }

  /** The source, a time limit or the caller has ended it. */
  fail(error: unknown): void {
    this.life.end(error);
    const closed = this.#close();
    // The consumer hears of what came first.
    closed.catch(() => {});
    if (this.#aborted) this.#end({ how: 'cancelled', error }, closed);
    else this.#end({ how: 'failed', error });
  }

  /**
   * The consumer goes, and waits for the source to clean up; not where it has been cut off before.
   * @throws What the cleanup throws, unless it says no more than that it was cancelled; a time limit's error; the caller's reason.
   */
  async leave(): Promise<void> {
    const { life } = this;
    life.leave();
    this.#watchGap();
    const closed = this.#close();
    const cutOff = life.signal.aborted;
    try {
      if (!cutOff) await life.race(closed);
    } catch (error) {
      if (this.#aborted) this.#end({ how: 'cancelled', error }, closed);
      else if (!isCancellation(error)) this.#end({ how: 'failed', error });
      if (this.over) throw error;
    }
    this.#end({ how: 'cancelled', error: undefined }, cutOff ? closed : undefined);
  }

  get #aborted(): boolean {
    return this.#caller?.aborted === true;
  }

  /** Settles when the source has, with its error in cleaning up. */
  async #close(): Promise<void> {
    const items = this.#items;
    if (items === undefined) return;
    const closing = (async () => items.return?.())();
    const [, closed] = await Promise.allSettled([this.#pending, closing]);
    if (closed.status === 'rejected') throw closed.reason;
  }

  #end(end: Parameters<Holds['end']>[0], closed?: Promise<void>): void {
    this.over = true;
    this.#caller?.removeEventListener('abort', this);
    this.holds.end(end);
    const release = (): void => this.#release();
    if (closed === undefined) release();
    else Promise.race([closed, this.#struck.promise]).then(release, release);
  }

  #release(): void {
    this.#stopTotal();
    this.#stopGap();
    this.holds.release();
  }

  #watchGap(): void {
    this.#stopGap = after(this.#timers, this.#gapMs, () => this.#strike('gap', this.#gapMs));
  }

  #strike(limit: 'gap' | 'total', ms: number): void {
    this.life.end(stackless(() => new PolicyTimeoutError(`${this.#policy}.${limit}`, ms)));
    this.#struck.resolve();
  }
}
