import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { FdSink } from '../src/fd-sink.ts';
import {
  configureLogging,
  createLogger,
  type Destination,
  type Format,
  type IsolatedOptions,
  isolated,
  loggingHealth,
} from '../src/index.ts';
import { innerOf } from '../src/inner.ts';
import { isolatedOptions } from '../src/isolated-options.ts';
import { Isolation } from '../src/isolation.ts';
import { heard } from './heard.ts';
import { ManualTime, turn } from './manual-time.ts';

/** Fails while told to, and writes down what it takes. */
class Moody implements Destination {
  readonly name: string = 'moody';
  readonly taken: string[] = [];
  calls = 0;
  failing = false;
  write(text: string): unknown {
    this.calls++;
    if (this.failing) throw new Error('not now');
    this.taken.push(...text.split('\n').filter((line) => line !== ''));
    return undefined;
  }
}

/** Answers each call when told to. */
class Answering extends Moody {
  readonly answers: Array<{ resolve: () => void; reject: (error: unknown) => void }> = [];
  override write(text: string): Promise<void> {
    super.write(text);
    return new Promise((resolve, reject) => this.answers.push({ resolve, reject }));
  }
}

const set = (inner: Destination, options: IsolatedOptions = {}) => {
  const time = new ManualTime();
  const warnings: string[] = [];
  const destination = new Isolation(
    innerOf(inner),
    isolatedOptions(inner, { clock: time.clock, ...options }),
    {
      later: time.later,
      warn: (text) => warnings.push(text),
    },
  );
  return { time, destination, warnings };
};

const write = (destination: Isolation, ...lines: string[]): void => {
  for (const line of lines) destination.write(`${line}\n`);
};

describe('isolated', () => {
  it('hands a line over in the log call while all is well', () => {
    const inner = new Moody();
    const { destination } = set(inner);
    write(destination, 'a', 'b');
    expect(inner.taken).toEqual(['a', 'b']);
    expect(destination.health()).toMatchObject({ name: 'moody', state: 'up', queued: 0, dropped: 0 });
  });

  it('keeps lines and their order while the destination throws, and loses none when it recovers', async () => {
    const inner = new Moody();
    const { destination, time } = set(inner);
    inner.failing = true;
    write(destination, 'a', 'b', 'c');
    expect(destination.health()).toMatchObject({ state: 'degraded', queued: 3, lastError: 'not now' });
    inner.failing = false;
    await time.advance(0);
    expect(inner.taken).toEqual(['a', 'b', 'c']);
    expect(destination.health()).toMatchObject({ state: 'up', queued: 0, queuedBytes: 0, dropped: 0 });
  });

  it('leaves it alone after failures in a row, twice as long after each failed probe, up to the longest wait', async () => {
    const inner = new Moody();
    const { destination, time } = set(inner, { maxFailures: 3, coolDownMs: 100, maxCoolDownMs: 350 });
    inner.failing = true;
    write(destination, 'a');
    await time.advance(0);
    await time.advance(0);
    expect([inner.calls, destination.health().state, time.waits]).toEqual([3, 'down', [100]]);
    write(destination, 'b', 'c');
    expect(inner.calls).toBe(3);
    const waits: number[] = [];
    for (let probe = 0; probe < 3; probe++) {
      await time.advance(time.waits[0]!);
      waits.push(time.waits[0]!);
    }
    expect([inner.calls, waits]).toEqual([6, [200, 350, 350]]);
    inner.failing = false;
    await time.advance(350);
    expect(inner.taken).toEqual(['a', 'b', 'c']);
    inner.failing = true;
    write(destination, 'd');
    expect(time.waits).toEqual([0]);
  });

  it('drops by its policy when full, and tells the destination once it takes lines again', async () => {
    const drops = heard('drop');
    const kept = async (options: IsolatedOptions): Promise<string[]> => {
      const inner = new Moody();
      const { destination, time } = set(inner, { maxQueued: 4, ...options });
      inner.failing = true;
      for (const line of ['e0', 'i1', 'e2', 'i3', 'i4', 'e5'])
        destination.writeAtLevel(`${line}\n`, line.startsWith('e') ? 'error' : 'info');
      expect(destination.health()).toMatchObject({ queued: 4, dropped: 2 });
      inner.failing = false;
      await time.advance(100);
      expect(destination.health()).toMatchObject({ state: 'up', queued: 0, dropped: 2 });
      const notice = inner.taken.filter((line) => line.includes('"dropped":2'));
      expect(notice).toHaveLength(1);
      expect(JSON.parse(notice[0]!)).toMatchObject({
        level: 'warn',
        message: 'dropped 2 lines since 2026-01-02T12:00:00.000Z',
        destination: { name: 'moody' },
        dropped: 2,
      });
      return inner.taken.filter((line) => line.length === 2);
    };
    expect(await kept({ policy: 'drop-oldest' })).toEqual(['e2', 'i3', 'i4', 'e5']);
    expect(await kept({ policy: 'drop-newest' })).toEqual(['e0', 'i1', 'e2', 'i3']);
    expect(await kept({ policy: 'drop-below-level' })).toEqual(['e0', 'e2', 'i3', 'e5']);
    expect(drops).toHaveLength(6);
    expect(drops[0]).toEqual({ destination: 'moody', records: 1, reason: 'full' });
  });

  it.each<[Format, (line: string) => unknown, unknown]>([
    [
      'json',
      (line) => Object.keys(JSON.parse(line)).slice(0, 4),
      ['timestamp', 'level', 'logger', 'message'],
    ],
    ['ecs', (line) => JSON.parse(line)['log.level'], 'warn'],
    [
      'otel',
      (line) => JSON.parse(line).attributes,
      expect.objectContaining({ 'logger.name': 'logging', dropped: 3 }),
    ],
    ['gcp', (line) => JSON.parse(line).severity, 'WARNING'],
    ['pretty', (line) => /^\S+ WARN {2}logging {2}dropped 3 lines since /.test(line), true],
  ])('tells of drops in the format of its loggers: %s', async (format, part, expected) => {
    heard('drop');
    heard('failure');
    const inner = new Moody();
    const { destination, time } = set(inner, { maxQueued: 2 });
    const logger = createLogger({ name: 'x', destination, format });
    inner.failing = true;
    for (let at = 0; at < 5; at++) logger.info('m', { at });
    inner.failing = false;
    await time.advance(100);
    const notice = inner.taken.find((line) => line.includes('dropped 3 lines since'));
    expect(part(notice!)).toEqual(expected);
  });

  it('tells of drops in the configured format where no logger wrote to it', async () => {
    heard('drop');
    heard('failure');
    const undo = configureLogging({ format: 'ecs' });
    try {
      const inner = new Moody();
      const { destination, time } = set(inner, { maxQueued: 1 });
      inner.failing = true;
      write(destination, 'a', 'b');
      inner.failing = false;
      await time.advance(100);
      const notice = inner.taken.find((line) => line.includes('dropped 1 lines since'));
      expect(JSON.parse(notice!)).toMatchObject({ 'log.level': 'warn', 'log.logger': 'logging' });
    } finally {
      undo();
    }
  });

  it('holds no more bytes than it may, whatever the lines measure', () => {
    const inner = new Moody();
    const { destination } = set(inner, { maxQueuedBytes: 1_024, policy: 'drop-newest' });
    inner.failing = true;
    write(destination, '€'.repeat(300), 'x'.repeat(200), 'y'.repeat(2_000), 'z');
    expect(destination.health()).toMatchObject({ queued: 2, queuedBytes: 903, dropped: 2 });
  });

  it('waits for a promise before the next call, and then hands over all that came meanwhile at once', async () => {
    const inner = new Answering();
    const { destination } = set(inner);
    write(destination, 'a', 'b', 'c');
    expect(inner.calls).toBe(1);
    inner.answers[0]!.resolve();
    await turn();
    expect([inner.calls, inner.taken]).toEqual([2, ['a', 'b', 'c']]);
  });

  it('takes a rejection for a failure and writes the lines again', async () => {
    const failures = heard('failure');
    const inner = new Answering();
    const { destination, time } = set(inner);
    write(destination, 'a');
    const error = new Error('refused');
    inner.answers[0]!.reject(error);
    await turn();
    expect(failures).toEqual([{ source: 'moody', error }]);
    await time.advance(0);
    expect(inner.taken).toEqual(['a', 'a']);
  });

  it('finds the line that is refused every time, drops it alone, and goes on', async () => {
    const drops = heard('drop');
    const taken: string[] = [];
    const { destination, time } = set(
      {
        write: (text) => {
          if (text.includes('poison')) throw new Error('too bad');
          taken.push(text);
        },
      },
      { coolDownMs: 1, maxCoolDownMs: 1 },
    );
    write(destination, 'poison', 'b', 'c');
    await time.advance(100);
    expect(taken.join('').split('\n').slice(0, 3)).toEqual([
      'b',
      'c',
      expect.stringContaining('dropped 1 lines'),
    ]);
    expect(drops).toEqual([{ destination: 'destination', records: 1, reason: 'refused' }]);
  });

  it('never drops a line as refused while the destination refuses all', async () => {
    const inner = new Moody();
    const { destination, time } = set(inner, { coolDownMs: 1, maxCoolDownMs: 1 });
    inner.failing = true;
    write(destination, 'a', 'b', 'c');
    await time.advance(1_000);
    expect(inner.calls).toBeGreaterThan(500);
    inner.failing = false;
    await time.advance(1);
    expect(inner.taken.toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('stays bounded beside a destination that never answers', () => {
    const inner = new Answering();
    const { destination } = set(inner, { maxQueued: 10 });
    for (let at = 0; at < 1_000; at++) write(destination, `${at}`);
    expect(destination.health()).toMatchObject({ state: 'degraded', queued: 10, dropped: 989 });
  });

  it('flush settles when all is out, or after flushTimeoutMs', async () => {
    const inner = new Answering();
    const { destination, time } = set(inner, { flushTimeoutMs: 50 });
    let flushed = 0;
    const flush = (): void => void destination.flush().then(() => flushed++);
    write(destination, 'a', 'b');
    flush();
    inner.answers[0]!.resolve();
    await turn();
    expect(flushed).toBe(0);
    inner.answers[1]!.resolve();
    await turn();
    expect(flushed).toBe(1);
    write(destination, 'c');
    flush();
    await time.advance(49);
    expect(flushed).toBe(1);
    await time.advance(1);
    await turn();
    expect(flushed).toBe(2);
  });

  it('runs every write in the guard handed in, and waits as long as its refusal says', async () => {
    const inner = new Moody();
    let open = false;
    const refusal = Object.assign(new Error('circuit open'), { retryAfterMs: 700 });
    const { destination, time } = set(inner, {
      guard: { execute: async (fn) => (open ? Promise.reject(refusal) : fn()) },
    });
    write(destination, 'a');
    await turn();
    expect(inner.taken).toEqual(['a']);
    open = true;
    write(destination, 'b', 'c');
    await turn();
    expect([time.waits, inner.calls]).toEqual([[700], 1]);
    open = false;
    await time.advance(700);
    await turn();
    expect(inner.taken).toEqual(['a', 'b', 'c']);
  });

  it('survives errors that cannot be read', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    let failing = true;
    const taken: string[] = [];
    const { destination, time } = set({
      write: (text) => {
        if (failing) throw proxy;
        taken.push(text);
      },
    });
    write(destination, 'a');
    failing = false;
    await time.advance(0);
    expect(taken).toEqual(['a\n']);
  });

  it('lets a destination that logs into itself neither recurse nor hold the thread for ever', async () => {
    let calls = 0;
    const inner: Destination = {
      write: () => {
        if (++calls < 5_000) destination.write('echo\n');
      },
    };
    const { destination, time } = set(inner);
    write(destination, 'a');
    expect(calls).toBeLessThan(2_000);
    await time.advance(0);
    await time.advance(0);
    await time.advance(0);
    await time.advance(0);
    expect(calls).toBeLessThanOrEqual(5_000);
  });

  it('waits for a stream that pushes back, and goes on when it drains', async () => {
    const taken: string[] = [];
    const next: Array<() => void> = [];
    const stream = new Writable({
      highWaterMark: 1,
      write: (chunk, _encoding, done) => {
        taken.push(String(chunk));
        next.push(done);
      },
    });
    const { destination } = set(stream);
    write(destination, 'a', 'b', 'c');
    expect([taken, destination.health().queued]).toEqual([['a\n'], 2]);
    next.shift()!();
    await turn();
    expect(taken).toEqual(['a\n', 'b\nc\n']);
  });

  it('keeps its lines when a stream ends or errors, and the process goes on', async () => {
    const failures = heard('failure');
    const ended = new Writable({ write: (_chunk, _encoding, done) => done() });
    const first = set(ended).destination;
    ended.end();
    write(first, 'a', 'b');
    expect(first.health()).toMatchObject({ queued: 2, lastError: 'the stream has ended' });
    const bad = new Writable({ write: (_chunk, _encoding, done) => done(new Error('bad disk')) });
    const others = loggingHealth().length;
    const second = isolated(bad, { name: 'bad', flushTimeoutMs: 0 });
    second.write('a\n');
    await turn();
    second.write('b\n');
    expect(second.health()).toMatchObject({ state: 'degraded', queued: 1 });
    expect(failures.some(({ source }) => source === 'bad')).toBe(true);
    expect(loggingHealth()).toHaveLength(others + 1);
    expect(failures.every(({ source }) => source === 'bad' || source === 'destination')).toBe(true);
    await second.close();
  });

  it('passes the level of each line on, and the most severe one of several', () => {
    const seen: string[] = [];
    let failing = true;
    const { destination } = set({
      write: () => {},
      writeAtLevel: (text, level) => {
        if (failing) throw new Error('not now');
        seen.push(`${level} ${text.trim().split('\n').length}`);
      },
    });
    const logger = createLogger({ name: 'x', destination });
    logger.warn('held alone after the failure');
    logger.info('a');
    logger.error('b');
    failing = false;
    destination.flushSync();
    expect(seen).toEqual([]);
    expect(destination.health().queued).toBe(3);
  });
});

describe("policy 'block'", () => {
  /** A pipe whose reader reads after so many tries. */
  const pipe = (tries: number) => {
    const out: string[] = [];
    const sleeps: number[] = [];
    let left = 0;
    const sink = new FdSink({
      fd: 1,
      name: 'pipe',
      warn: () => {},
      sleep: (ms) => sleeps.push(ms),
      write: (_fd, bytes, offset) => {
        if (left-- > 0) throw Object.assign(new Error('full'), { code: 'EAGAIN' });
        out.push(Buffer.from(bytes.subarray(offset)).toString());
        return bytes.length - offset;
      },
    });
    const stall = (): void => {
      left = tries;
    };
    const release = (): void => {
      left = 0;
    };
    return { sink, out, sleeps, stall, release };
  };

  it('holds the log call until there is room, and drops nothing', () => {
    const { sink, out, sleeps, stall } = pipe(5);
    const { destination } = set(sink, { policy: 'block', maxQueued: 2 });
    stall();
    write(destination, 'x'.repeat(20_000), 'a', 'b', 'c');
    destination.flushSync();
    expect(sleeps.length).toBeGreaterThan(0);
    expect(out.join('')).toBe(`${'x'.repeat(20_000)}\na\nb\nc\n`);
    expect(destination.health().dropped).toBe(0);
  });

  it('waits blockMs at most, drops the line then, and does not wait again before there was room', () => {
    const { sink, sleeps, stall, release } = pipe(Number.POSITIVE_INFINITY);
    const { destination } = set(sink, { policy: 'block', maxQueued: 2, blockMs: 50 });
    stall();
    write(destination, 'x'.repeat(20_000), 'a', 'b');
    expect(sleeps).toHaveLength(0);
    write(destination, 'c');
    expect([sleeps.length, destination.health().dropped]).toEqual([5, 1]);
    write(destination, 'd', 'e');
    expect([sleeps.length, destination.health().dropped]).toEqual([5, 3]);
    release();
    destination.flushSync();
  });

  it('is refused for a destination that cannot be waited for', () => {
    expect(() => isolated({ write: () => {} }, { policy: 'block' })).toThrow(
      "policy 'block' needs stdout, stderr or a file",
    );
  });
});

it.each<[IsolatedOptions, string]>([
  [{ polcy: 1 } as never, 'isolated has no option "polcy"; it knows name, maxQueued'],
  [
    { policy: 'drop' as never },
    'policy must be one of block, drop-oldest, drop-newest, drop-below-level, got drop',
  ],
  [{ maxQueued: 0 }, 'maxQueued must be an integer >= 1, got 0'],
  [{ maxQueuedBytes: 5.5 }, 'maxQueuedBytes must be an integer >= 1024, got 5.5'],
  [{ level: 'loud' as never }, 'level must be one of error, warn'],
  [{ coolDownMs: 10, maxCoolDownMs: 5 }, 'maxCoolDownMs must be an integer >= 10, got 5'],
  [{ guard: {} as never }, 'guard must be an object with execute(fn), got [object Object]'],
  [{ guard: null as never }, 'guard must be an object with execute(fn), got null'],
  [{ name: '' }, "name must be a non-empty string, got ''"],
  [{ clock: 5 as never }, 'clock must be a function, got 5'],
])('refuses a wrong option by name: %j', (options, message) => {
  expect(() => isolated(new Moody(), options)).toThrow(message);
});

it('refuses a destination that is none', () => {
  expect(() => isolated(undefined as never)).toThrow("destination must be 'stdout', 'stderr' or an object");
  expect(() => isolated({} as never)).toThrow("destination must be 'stdout', 'stderr' or an object");
});
