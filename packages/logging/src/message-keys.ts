import { peek } from './peek.ts';
import type { Throttling } from './throttle-options.ts';

/** Records of one kind that were held back and are not told yet. */
export interface Tally {
  /** The place of their level. */
  readonly index: number;
  readonly message: string;
  readonly reason: 'sample' | 'dedupe' | 'rateLimit' | 'maxKeys';
  count: number;
  /** Milliseconds since 1970. */
  first: number;
  last: number;
}

/** What is known of one message at one level. */
export interface Entry {
  readonly index: number;
  readonly template: string;
  /** Records in this interval. */
  seen: number;
  tokens: number;
  /** When the tokens were counted last. */
  since: number;
  deduped: Tally | undefined;
  limited: Tally | undefined;
}

/** The message as given, before anything is put into it: what makes records equal. */
export const templateOf = ([first, second]: readonly unknown[]): string => {
  if (typeof first === 'string') return first;
  if (typeof second === 'string') return second;
  const message = typeof first === 'object' && first !== null ? peek(first, 'message') : undefined;
  return typeof message === 'string' ? message : '';
};

const longestKey = 256;

/** The messages of one logger in one interval, never more than `maxKeys`. */
export class KeyTable {
  readonly #options: Throttling;
  readonly #levels: Array<Map<string, Entry>> = [];
  readonly #shared: Entry[] = [];
  #size = 0;

  constructor(options: Throttling) {
    this.#options = options;
  }

  #make(index: number, template: string, now: number): Entry {
    const tokens = this.#options.rateLimit?.burst ?? 0;
    return { index, template, seen: 0, tokens, since: now, deduped: undefined, limited: undefined };
  }

  /** Undefined when there is no room for another message. */
  entry(index: number, template: string, now: number): Entry | undefined {
    this.#levels[index] ??= new Map();
    const entries = this.#levels[index];
    const { length } = template;
    const key =
      length <= longestKey ? template : `${template.slice(0, longestKey)}…[${length - longestKey} more]`;
    const known = entries.get(key);
    if (known !== undefined) return known;
    if (this.#size >= this.#options.maxKeys) return undefined;
    // A copy: part of a long text would keep all of it.
    const own = length <= longestKey ? key : Buffer.from(key, 'utf16le').toString('utf16le');
    const entry = this.#make(index, own, now);
    entries.set(own, entry);
    this.#size++;
    return entry;
  }

  /** Counts one more record. @returns where it is to be counted when it is held back. */
  take(entry: Entry, now: number): Tally | undefined {
    const { dedupe } = this.#options;
    const { index, template: message } = entry;
    if (dedupe !== undefined) {
      const beyond = ++entry.seen - dedupe.first;
      if (beyond > 0 && (dedupe.every === 0 || beyond % dedupe.every !== 0)) {
        entry.deduped ??= { index, message, reason: 'dedupe', count: 0, first: 0, last: 0 };
        return entry.deduped;
      }
    }
    if (this.#spend(entry, now)) return undefined;
    entry.limited ??= { index, message, reason: 'rateLimit', count: 0, first: 0, last: 0 };
    return entry.limited;
  }

  /** The budget of all messages of a level that have no entry. */
  takeShared(index: number, now: number): Tally | undefined {
    this.#shared[index] ??= this.#make(index, '(other messages)', now);
    const entry = this.#shared[index];
    if (this.#spend(entry, now)) return undefined;
    entry.limited ??= { index, message: entry.template, reason: 'rateLimit', count: 0, first: 0, last: 0 };
    return entry.limited;
  }

  #spend(entry: Entry, now: number): boolean {
    if (this.#options.rateLimit === undefined) return true;
    this.#refill(entry, now);
    if (entry.tokens < 1) return false;
    entry.tokens--;
    return true;
  }

  #refill(entry: Entry, now: number): void {
    const { perSecond, burst } = this.#options.rateLimit as NonNullable<Throttling['rateLimit']>;
    // A clock that steps back takes no tokens away.
    const passed = Math.max(0, now - entry.since);
    entry.tokens = Math.min(burst, entry.tokens + (passed / 1_000) * perSecond);
    entry.since = now;
  }

  /** Begins another interval: forgets all messages but those whose budget is not full again. */
  begin(now: number): void {
    for (const entries of this.#levels)
      for (const [key, entry] of entries ?? []) {
        entry.seen = 0;
        if (this.#options.rateLimit !== undefined) {
          this.#refill(entry, now);
          if (entry.tokens < this.#options.rateLimit.burst) continue;
        }
        entries.delete(key);
        this.#size--;
      }
  }
}
