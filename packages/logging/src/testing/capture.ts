import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { yesOrNo } from '../check-options.ts';
import { touch } from '../configuration.ts';
import { Feed, type TransportStream } from '../feed.ts';
import { checkLevel, type Level } from '../levels.ts';
import { type ObservedRecord, type Observer, observing } from '../observer.ts';
import { onlyKnown } from '../only-known.ts';
import { isPrimitive, peek } from '../peek.ts';
import { CapturedLines, type CapturedLogs } from './captured-lines.ts';

export interface CaptureLogsOptions {
  /** Records down to this level are captured even where their logger's level is less verbose. Default: each logger's level. */
  level?: Level | undefined;
  /** Captured lines are also written where they would have been. Default false. */
  passThrough?: boolean | undefined;
  /**
   * Also takes, while it runs, what is logged outside of every capture: by a server, a pool or a timer started earlier. Tests that
   * run at the same time then see each other's lines of that kind. Default false.
   */
  everywhere?: boolean | undefined;
}

/** A capture that runs as often as it is told to; what it takes adds up. */
export interface LogCapture extends CapturedLogs {
  /** Calls `fn`; what is logged in it and in what it awaits is captured. @returns what `fn` returns. @throws what `fn` throws, by identity. */
  run<Result>(fn: () => Result): Result;
}

/** What was logged while a function ran, and what it returned. */
export interface FinishedCapture<Result> extends CapturedLogs {
  readonly result: Result;
}

interface Running {
  readonly capture: Capture;
  readonly outer: Running | undefined;
  over: boolean;
}

const storage = new AsyncLocalStorage<Running>();
const everywhere: Running[] = [];
let open = 0;

/** The innermost capture that still runs. Work that outlives its capture logs as it always does. */
const current = (): Capture | undefined => {
  let running = storage.getStore();
  while (running?.over === true) running = running.outer;
  return running?.capture ?? everywhere.at(-1)?.capture;
};

/** What a transport of no logger needs to stand among those of all. */
class LevelOfCapture extends EventEmitter implements TransportStream {
  readonly name = 'capture';
  readonly writableLength = 0;
  readonly destroyed = false;
  get level(): string | undefined {
    return current()?.level;
  }
  _write(_info: unknown, _encoding: string, callback: () => void): void {
    callback();
  }
  write(): boolean {
    return true;
  }
}

/** Lets records pass at the capture's level; they are taken before any transport is fed. */
class CaptureFeed extends Feed {
  override get takesRecords(): boolean {
    return false;
  }
  override get linesOnly(): boolean {
    return true;
  }
  override write(): void {}
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  !isPrimitive(value) && typeof peek(value as object, 'then') === 'function';

let observer: Observer | undefined;

const begin = (running: Running, isEverywhere: boolean): void => {
  if (isEverywhere) everywhere.push(running);
  if (open++ > 0) return;
  observer ??= {
    feeds: [new CaptureFeed(new LevelOfCapture())],
    take: (record) => current()?.keep(record) === true,
  };
  observing.observer = observer;
  touch();
};

const end = (running: Running): void => {
  if (running.over) return;
  running.over = true;
  const at = everywhere.indexOf(running);
  if (at >= 0) everywhere.splice(at, 1);
  if (--open > 0) return;
  observing.observer = undefined;
  touch();
};

class Capture extends CapturedLines implements LogCapture {
  readonly level: Level | undefined;
  readonly #passThrough: boolean;
  readonly #everywhere: boolean;

  constructor(options: CaptureLogsOptions) {
    super();
    onlyKnown('captureLogs', options, ['level', 'passThrough', 'everywhere']);
    this.level = options.level === undefined ? undefined : checkLevel('level', options.level);
    this.#passThrough = yesOrNo('passThrough', options.passThrough);
    this.#everywhere = yesOrNo('everywhere', options.everywhere);
  }

  keep(record: ObservedRecord): boolean {
    this.take(record);
    return !this.#passThrough;
  }

  run<Result>(fn: () => Result): Result {
    if (typeof fn !== 'function') throw new TypeError(`fn must be a function, got ${typeof fn}`);
    const running: Running = { capture: this, outer: storage.getStore(), over: false };
    begin(running, this.#everywhere);
    let result: Result;
    try {
      result = storage.run(running, fn);
    } catch (error) {
      end(running);
      throw error;
    }
    if (!isThenable(result)) {
      end(running);
      return result;
    }
    return Promise.resolve(result).finally(() => end(running)) as Result;
  }
}

const finished = <Result>(capture: Capture, result: Result): Capture & FinishedCapture<Result> =>
  Object.defineProperty(capture, 'result', { value: result }) as Capture & FinishedCapture<Result>;

export function captureLogs(options?: CaptureLogsOptions): LogCapture;
export function captureLogs<Result>(
  fn: () => PromiseLike<Result>,
  options?: CaptureLogsOptions,
): Promise<FinishedCapture<Result>>;
export function captureLogs<Result>(fn: () => Result, options?: CaptureLogsOptions): FinishedCapture<Result>;
/**
 * Takes what is logged inside of a function, by any logger of the process, instead of writing it. It goes by the async context: tests
 * that run at the same time do not see each other's lines, and what is logged elsewhere is written as ever. Attached transports are
 * not fed meanwhile. With a function: calls it and gives what was logged, behind a promise if the function gives one. With options
 * alone: a capture whose `run(fn)` is called as often as needed. Costs nothing while no capture runs.
 * @throws TypeError or RangeError naming the option that is unknown or wrong; what `fn` throws, by identity.
 */
export function captureLogs(
  fnOrOptions: (() => unknown) | CaptureLogsOptions = {},
  options: CaptureLogsOptions = {},
): LogCapture | FinishedCapture<unknown> | Promise<FinishedCapture<unknown>> {
  if (typeof fnOrOptions !== 'function') return new Capture(fnOrOptions);
  const capture = new Capture(options);
  const result = capture.run(fnOrOptions);
  if (isThenable(result)) return Promise.resolve(result).then((value) => finished(capture, value));
  return finished(capture, result);
}
