import { describe, expect, it } from '@jest/globals';
import { createLogger, loggingHealth } from '../src/index.ts';
import { openWorkerDestination, type WorkerDestination } from '../src/worker/destination.ts';
import { type Batch, isDone, type Report, shared, type ThreadData } from '../src/worker/messages.ts';
import type { WorkerOptions } from '../src/worker/options.ts';
import type { Thread } from '../src/worker/start-thread.ts';
import { workerDestination } from '../src/worker.ts';
import { heard } from './heard.ts';
import { LogFolder } from './log-folder.ts';
import { turn } from './manual-time.ts';

/** A thread that does its work when told, in the main thread. */
class ManualThread implements Thread {
  readonly batches: Batch[] = [];
  readonly data: ThreadData;
  refs = 0;
  terminated = 0;
  readonly #listeners = new Map<string, (value: never) => void>();

  constructor(data: ThreadData) {
    this.data = data;
  }
  postMessage(batch: Batch): void {
    this.batches.push(batch);
  }
  on(event: string, listener: (value: never) => void): void {
    this.#listeners.set(event, listener);
  }
  ref(): void {
    this.refs = 1;
  }
  unref(): void {
    this.refs = 0;
  }
  async terminate(): Promise<void> {
    this.terminated++;
    this.emit('exit', 1);
  }
  emit(event: 'error' | 'exit' | 'message', value: unknown): void {
    this.#listeners.get(event)!(value as never);
  }
  /** All but the last so many are out. */
  finish(butFor = 0): void {
    const batch = this.batches.at(-1 - butFor)!;
    Atomics.store(new Int32Array(this.data.shared), shared.done, batch.seq);
    this.emit('message', { kind: 'done' } satisfies Report);
  }
  get text(): string {
    return this.batches.map(({ text }) => text).join('');
  }
}

const set = (options: Partial<WorkerOptions> = {}) => {
  const log = new LogFolder();
  let thread: ManualThread | undefined;
  const destination = openWorkerDestination({ path: log.path, name: log.path, ...options }, (data) => {
    thread = new ManualThread(data);
    return thread;
  });
  return { log, destination, thread: thread! };
};

const of = (destination: WorkerDestination) => loggingHealth().find(({ name }) => name === destination.name);

describe('a worker destination', () => {
  it('hands over the lines of a turn in one batch, and long ones at once', async () => {
    const { destination, thread } = set();
    const logger = createLogger({ name: 'w', destination });
    logger.info('1');
    logger.info('2');
    expect(thread.batches).toEqual([]);
    await turn();
    expect(thread.batches.map(({ text }) => text.split('\n').length - 1)).toEqual([2]);
    destination.write(`${'x'.repeat(65_536)}\n`);
    expect(thread.batches).toHaveLength(2);
  });

  it('flushes behind all that was written, and keeps the process up meanwhile and no longer', async () => {
    const { destination, thread } = set();
    destination.write('1\n');
    let over = false;
    const flushed = destination.flush().then(() => {
      over = true;
    });
    destination.write('2\n');
    await turn();
    thread.finish(2);
    await turn();
    expect([over, thread.refs, thread.batches.map(({ text }) => text)]).toEqual([
      false,
      1,
      ['1\n', '', '2\n'],
    ]);
    thread.finish(1);
    await flushed;
    expect([over, thread.refs]).toEqual([true, 0]);
  });

  it('waits for a thread that does not answer as long as told, and lets the process end then', async () => {
    const { destination, thread } = set({ flushTimeoutMs: 0 });
    destination.write('1\n');
    await destination.flush();
    destination.flushSync(0);
    expect([thread.refs, of(destination)!.queued]).toEqual([0, 1]);
  });

  it('holds what it is allowed to, drops, counts and tells the rest', async () => {
    const drops = heard('drop');
    const { destination, thread } = set({ maxQueued: 1_024 });
    const line = `${'x'.repeat(99)}\n`;
    for (let at = 0; at < 13; at++) destination.write(line);
    await turn();
    expect(of(destination)).toMatchObject({ state: 'degraded', queued: 10, queuedBytes: 1_000, dropped: 3 });
    expect(drops.map(({ records, reason }) => [records, reason])).toEqual(Array(3).fill([1, 'full']));
    thread.finish();
    const notice = thread.batches.at(-1)!.text;
    expect(JSON.parse(notice)).toMatchObject({
      level: 'warn',
      dropped: 3,
      destination: { name: destination.name },
    });
    thread.finish();
    expect(of(destination)).toMatchObject({ state: 'up', queued: 0 });
  });

  it('passes on what the thread tells: failures, and lines that were refused', () => {
    const [drops, failures] = [heard('drop'), heard('failure')];
    const { destination, thread } = set();
    thread.emit('message', { kind: 'failure', message: 'full', code: 'ENOSPC' } satisfies Report);
    thread.emit('message', { kind: 'drop', records: 4, reason: 'refused' } satisfies Report);
    expect(failures).toMatchObject([
      { source: destination.name, error: { message: 'full', code: 'ENOSPC' } },
    ]);
    expect(drops).toEqual([{ destination: destination.name, records: 4, reason: 'refused' }]);
    expect(of(destination)).toMatchObject({ state: 'degraded', dropped: 4, lastError: 'ENOSPC: full' });
    destination.write('1\n');
    destination.flushSync(0);
    thread.finish();
    expect(of(destination)).toMatchObject({ state: 'up', dropped: 4 });
  });

  it.each([
    ['error', new Error('out of memory')],
    ['exit', 1],
  ] as const)(
    'goes on in the main thread after %s, with what is not known to be out',
    async (event, value) => {
      const failures = heard('failure');
      const { log, destination, thread } = set();
      for (const text of ['1\n', '2\n', '3\n']) {
        destination.write(text);
        await turn();
      }
      thread.finish(2);
      destination.write('4\n');
      const flushed = destination.flush();
      thread.emit(event, value);
      thread.emit('exit', 1);
      await flushed;
      destination.write('5\n');
      await destination.flush();
      expect(log.text()).toBe('2\n3\n4\n5\n');
      expect(failures).toHaveLength(1);
      expect(of(destination)).toMatchObject({ state: 'degraded', dropped: 0, queued: 0 });
      expect(Atomics.load(new Int32Array(thread.data.shared), shared.abandoned)).toBe(1);
    },
  );

  it('writes in the main thread when no thread can be started', async () => {
    heard('failure');
    const log = new LogFolder();
    const destination = openWorkerDestination({ path: log.path }, () => {
      throw new Error('no threads here');
    });
    destination.write('1\n');
    await destination.flush();
    expect([log.text(), of(destination)!.lastError]).toEqual(['1\n', 'no threads here']);
  });

  it('says what is lost when there is no main-thread destination either', () => {
    const drops = heard('drop');
    heard('failure');
    const { destination, thread } = set({ path: undefined, module: new URL('file:///no/such/module.mjs') });
    destination.write('1\n2\n');
    thread.emit('exit', 1);
    destination.write('3\n');
    expect(drops.map(({ records }) => records)).toEqual([2, 1]);
    expect(of(destination)).toMatchObject({ state: 'down', dropped: 3 });
  });

  it('closes: flushes, ends the thread, and drops what comes later', async () => {
    const drops = heard('drop');
    const { destination, thread, log } = set();
    destination.write('1\n');
    const closed = destination.close();
    thread.finish();
    await closed;
    await destination.close();
    destination.write('2\n');
    expect([thread.terminated, drops.length, log.names, of(destination)]).toEqual([1, 1, [], undefined]);
  });
});

it('numbers of batches are compared across their wrap', () => {
  expect([
    isDone(3, 3),
    isDone(4, 3),
    isDone(2_147_483_647, -2_147_483_648),
    isDone(-2_147_483_648, 2_147_483_647),
  ]).toEqual([true, false, true, false]);
});

it.each([
  [{}, 'workerDestination needs either path or module'],
  [{ path: 'a', module: '/b' }, 'workerDestination needs either path or module'],
  [{ path: '' }, 'path must be a non-empty string, got '],
  [{ path: 'a', maxByte: 3 }, 'workerDestination has no option "maxByte"'],
  [{ path: 'a', maxBytes: 0 }, 'maxBytes must be an integer >= 1'],
  [{ path: 'a', options: {} }, 'options is for module, not for path'],
  [{ module: '/a', compress: true }, 'compress is for path, not for module'],
  [{ module: './a.mjs' }, 'module must be a file URL or an absolute path, got ./a.mjs'],
  [{ module: 'data:text/javascript,1' }, 'module must be a file URL or an absolute path'],
  [{ path: 'a', maxQueued: 3 }, 'maxQueued must be an integer >= 1024, got 3'],
  [{ path: 'a', exitTimeoutMs: -1 }, 'exitTimeoutMs must be an integer >= 0, got -1'],
])('refuses %p', (options, message) => {
  expect(() => workerDestination(options as never)).toThrow(message);
});
