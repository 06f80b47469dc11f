import type { ObservedRecord } from '../observer.ts';
import { type Expected, type LogRecord, messageOf, misfits } from './match.ts';
import { showExpected, showLines, showNearest } from './show.ts';

/** What was logged while a capture ran. */
export interface CapturedLogs {
  /** Each line as it would have been written, without its newline. */
  readonly lines: readonly string[];
  /** The same parsed. Where a winston format makes another text, the record is what that text was made of. */
  readonly records: readonly LogRecord[];
  /** The first record that fits, or for which the function gives true; undefined when there is none. */
  find(expected: Expected | ((record: LogRecord) => boolean)): LogRecord | undefined;
  /** All records with this very message, or one that the pattern finds. */
  byMessage(message: string | RegExp): LogRecord[];
  /** @returns the first record that fits. @throws Error showing what was logged, when none does. */
  expectLogged(expected: Expected): LogRecord;
  /** @throws Error showing what was logged, when anything was; or, if something is given, when a record that fits was. */
  expectSilence(expected?: Expected): void;
  /** @throws Error showing the records of typed events whose fields are not as defined. */
  expectValidEvents(): void;
  /** Forgets what was logged so far. */
  clear(): void;
}

const parsed = ({ line, text }: ObservedRecord): LogRecord => {
  for (const candidate of [text, line]) {
    try {
      const value: unknown = JSON.parse(candidate);
      if (typeof value === 'object' && value !== null) return value as LogRecord;
    } catch {
      // A text of the user's own format; the line below it is JSON.
    }
  }
  return {};
};

/** Fails at the line of the test, not in here. */
const fail = (message: string, caller: (...args: never[]) => unknown): never => {
  const error = new Error(message);
  Error.captureStackTrace(error, caller);
  throw error;
};

const matching = (expected: unknown): ((record: LogRecord) => boolean) => {
  if (typeof expected === 'function') return expected as (record: LogRecord) => boolean;
  if (typeof expected === 'object' && expected !== null)
    return (record) => misfits(record, expected as Expected).length === 0;
  throw new TypeError(
    `expected must be an object of fields, got ${typeof expected}; for a message use { message: … } or byMessage`,
  );
};

export class CapturedLines implements CapturedLogs {
  readonly #taken: ObservedRecord[] = [];
  readonly #records: LogRecord[] = [];

  protected take(record: ObservedRecord): void {
    this.#taken.push(record);
  }

  get lines(): string[] {
    return this.#taken.map(({ text }) => text);
  }

  get records(): LogRecord[] {
    for (let at = this.#records.length; at < this.#taken.length; at++)
      this.#records.push(parsed(this.#taken[at]!));
    return [...this.#records];
  }

  find(expected: Expected | ((record: LogRecord) => boolean)): LogRecord | undefined {
    return this.records.find(matching(expected));
  }

  byMessage(message: string | RegExp): LogRecord[] {
    return this.records.filter((record) => misfits({ message: messageOf(record) }, { message }).length === 0);
  }

  expectLogged(expected: Expected): LogRecord {
    const { records } = this;
    return (
      records.find(matching(expected)) ??
      fail(
        `Expected a record with ${showExpected(expected)}, but of ${records.length} none has that:\n${showLines(this.lines)}${showNearest(records, expected)}`,
        this.expectLogged,
      )
    );
  }

  expectSilence(expected?: Expected): void {
    const fits = expected === undefined ? () => true : matching(expected);
    const { lines } = this;
    const loud = lines.filter((_, at) => fits(this.records[at]!));
    if (loud.length === 0) return;
    const what = expected === undefined ? 'nothing' : `no record with ${showExpected(expected)}`;
    fail(`Expected ${what}, but ${loud.length} were logged:\n${showLines(loud)}`, this.expectSilence);
  }

  expectValidEvents(): void {
    const wrong = this.records.filter(({ eventMismatch }) => eventMismatch !== undefined);
    if (wrong.length === 0) return;
    const told = wrong.map(
      ({ event, eventMismatch }) => `${String(event)}: ${[eventMismatch].flat().join('; ')}`,
    );
    fail(`${wrong.length} events are not as they are defined:\n${showLines(told)}`, this.expectValidEvents);
  }

  clear(): void {
    this.#taken.length = 0;
    this.#records.length = 0;
  }
}
