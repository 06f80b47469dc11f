import type { Source } from './reader.ts';
import type { Tally } from './run.ts';

export interface ProgressOptions {
  /** Where it is drawn. A terminal gets a bar that redraws itself, everything else a line now and then. */
  out: { write(text: string): unknown; isTTY?: boolean | undefined; columns?: number | undefined };
  unit: Source['unit'];
  /** Undefined when the end is not known. */
  total: number | undefined;
  /** Milliseconds; only differences are read. Default `performance.now()`. */
  clock?: (() => number) | undefined;
}

export interface Progress {
  /** A record was settled; `done` is how far the file is worked off, in the unit. */
  update(done: number, tally: Readonly<Tally>): void;
  /** Why nothing moves, until the next update. */
  waiting(reason: string): void;
  /** A line of its own, above the bar. */
  line(text: string): void;
  /** Takes the bar away. */
  end(): void;
}

const BAR_CELLS = 10;
const TTY_MS = 100;
const PLAIN_MS = 5_000;
/** Rate and time left are those of the last seconds: a resumed run is fast first and then slow. */
const WINDOW_MS = 10_000;

const ERASE = '\r\u001b[2K';

/** Shows how far a run is. Draws when told something, and no more often than is of use; it has no timer. */
export const createProgress = (options: ProgressOptions): Progress => {
  const { out, unit, total, clock = () => performance.now() } = options;
  const tty = out.isTTY === true;
  const everyMs = tty ? TTY_MS : PLAIN_MS;
  let done = 0;
  let tally: Readonly<Tally> = { added: 0, existing: 0, failed: 0 };
  let reason: string | undefined;
  let drawn = tty ? Number.NEGATIVE_INFINITY : clock();
  let shown = false;
  const samples = [{ at: clock(), done: 0, settled: 0 }];

  const settled = (): number => tally.added + tally.existing + tally.failed;
  const status = (now: number): string => {
    while (samples.length > 1 && now - samples[1]!.at >= WINDOW_MS) samples.shift();
    const since = samples[0]!;
    const seconds = (now - since.at) / 1000;
    const rate = seconds > 0 ? (settled() - since.settled) / seconds : 0;
    const speed = seconds > 0 ? (done - since.done) / seconds : 0;
    samples.push({ at: now, done, settled: settled() });
    // A reason stands in the place of a rate that says nothing now: the line is short, and cut at its end.
    const pace =
      reason === undefined
        ? [
            `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`,
            ...(total !== undefined && speed > 0 ? [`ETA ${time((total - done) / speed)}`] : []),
          ]
        : [reason];
    return [amount(), `${tally.failed} failed`, ...pace].join(' | ');
  };
  const amount = (): string => {
    if (total === undefined || total === 0) return `${settled()} memories`;
    const part = Math.min(1, done / total);
    const cells = Math.floor(part * BAR_CELLS);
    const bar = tty ? `[${'#'.repeat(cells)}${'-'.repeat(BAR_CELLS - cells)}] ` : '';
    const of = unit === 'bytes' ? `${size(done, total)}, ${settled()} memories` : `${done}/${total}`;
    return `${bar}${Math.floor(part * 100)}% ${of}`;
  };
  const draw = (): void => {
    const now = clock();
    if (now - drawn < everyMs) return;
    drawn = now;
    // One cell is left free: a line that fills the last one wraps.
    const text = status(now);
    out.write(tty ? `${ERASE}${text.slice(0, (out.columns ?? 80) - 1)}` : `${text}\n`);
    shown = tty;
  };
  const erase = (): void => {
    if (shown) out.write(ERASE);
    shown = false;
  };

  return {
    update(nowDone, nowTally) {
      // Records end out of order; the bar never goes back.
      done = Math.max(done, nowDone);
      tally = nowTally;
      reason = undefined;
      draw();
    },
    waiting(why) {
      reason = why;
      draw();
    },
    line(text) {
      erase();
      out.write(`${text}\n`);
      drawn = tty ? Number.NEGATIVE_INFINITY : drawn;
    },
    end: erase,
  };
};

const size = (done: number, total: number): string => {
  const [bytes, unit] = total < 1_000_000 ? [1_000, 'kB'] : [1_000_000, 'MB'];
  return `${(done / bytes).toFixed(1)}/${(total / bytes).toFixed(1)} ${unit}`;
};

const time = (seconds: number): string => {
  const whole = Math.ceil(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
};
