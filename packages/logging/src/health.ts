import { peek } from './peek.ts';
import { compileRedactor } from './redact.ts';

/**
 * `up` takes lines; `degraded` failed or is full right now, but its lines are held or it is still tried; `down` takes none for
 * the time being, or never again.
 */
export type DestinationState = 'up' | 'degraded' | 'down';

export interface DestinationHealth {
  /** `stdout`, `stderr`, the file's path, a transport's name, or the name given. */
  readonly name: string;
  readonly state: DestinationState;
  /** Lines taken from a logger that are not out yet. */
  readonly queued: number;
  /** The same in bytes, 0 where it is not known. */
  readonly queuedBytes: number;
  /** Lines dropped since the destination was made. */
  readonly dropped: number;
  /** Code and message of the last failure, without secrets in URLs, in one line; undefined when there was none. */
  readonly lastError: string | undefined;
  /** When this state began, milliseconds since 1970. */
  readonly since: number;
}

/** Whoever can tell how it is. */
export interface Reporter {
  health(): DestinationHealth;
  flush?(): Promise<void> | void;
}

let hideSecrets: ((text: string) => string) | undefined;

/** An error as one short line that may be shown. Never throws. */
export const errorText = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return 'a value that is no Error';
  const code = peek(error, 'code');
  const message = peek(error, 'message');
  const text = typeof message === 'string' ? message : 'no message';
  const told = typeof code === 'string' && !text.includes(code) ? `${code}: ${text}` : text;
  hideSecrets ??= compileRedactor([]).hideSecrets;
  return hideSecrets(told.slice(0, 2_048))
    .slice(0, 300)
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
};

/** The state of one destination and what it lost, kept by the destination itself. */
export class Condition {
  readonly #clock: () => number;
  state: DestinationState = 'up';
  since: number;
  dropped = 0;
  lastError: string | undefined;
  #untold = 0;
  #untoldSince = 0;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
    this.since = clock();
  }

  enter(state: DestinationState, error?: unknown): void {
    if (error !== undefined) this.lastError = errorText(error);
    if (state === this.state) return;
    this.state = state;
    this.since = this.#clock();
  }

  drop(lines: number): void {
    if (this.#untold === 0) this.#untoldSince = this.#clock();
    this.dropped += lines;
    this.#untold += lines;
  }

  /** Drops that were not told yet; from then on they count as told. */
  takeUntold(): { dropped: number; since: number } | undefined {
    if (this.#untold === 0) return undefined;
    const told = { dropped: this.#untold, since: this.#untoldSince };
    this.#untold = 0;
    return told;
  }

  report(name: string, queued: number, queuedBytes: number): DestinationHealth {
    const { state, dropped, lastError, since } = this;
    return { name, state, queued, queuedBytes, dropped, lastError, since };
  }
}

/** Of a destination and what it wraps: the worse state of both, and what both hold and lost. */
export const combined = (outer: DestinationHealth, inner: DestinationHealth): DestinationHealth => {
  const worse = inner.state === 'down' || outer.state === 'up' ? inner : outer;
  return {
    name: outer.name,
    state: worse.state,
    since: worse.since,
    queued: outer.queued + inner.queued,
    queuedBytes: outer.queuedBytes + inner.queuedBytes,
    dropped: outer.dropped + inner.dropped,
    lastError: outer.lastError ?? inner.lastError,
  };
};

// Weak, so that a logger made for one request leaves nothing behind.
const known = new Set<WeakRef<Reporter>>();
const registered = new WeakMap<Reporter, WeakRef<Reporter>>();
let sweepAt = 1_000;

export const reportHealth = (reporter: Reporter): void => {
  if (registered.has(reporter)) return;
  const reference = new WeakRef(reporter);
  registered.set(reporter, reference);
  known.add(reference);
  if (known.size < sweepAt) return;
  reporters();
  sweepAt = Math.max(1_000, known.size * 2);
};

export const speaksForItself = (destination: object): boolean => registered.has(destination as Reporter);

/** For a destination that another one now speaks for, and for one that was closed. */
export const reportHealthNoMore = (reporter: Reporter): void => {
  const reference = registered.get(reporter);
  if (reference !== undefined) known.delete(reference);
};

/** All that are still in use. */
export const reporters = (): Reporter[] => {
  const all: Reporter[] = [];
  for (const reference of known) {
    const reporter = reference.deref();
    if (reporter === undefined) known.delete(reference);
    else all.push(reporter);
  }
  return all;
};

/** How every destination and transport in use is, those of our own first made first. For a health endpoint; costs nothing until asked. */
export const loggingHealth = (): DestinationHealth[] => reporters().map((reporter) => reporter.health());
