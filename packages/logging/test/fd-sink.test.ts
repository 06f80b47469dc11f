import { describe, expect, it } from '@jest/globals';
import { FdSink } from '../src/fd-sink.ts';
import { heard } from './heard.ts';

/** A file descriptor whose system calls do what they are told: an error code, or a number of bytes to take. */
const system = (...answers: Array<string | number>) => of(100, ...answers);

const of = (maxPending: number, ...answers: Array<string | number>) => {
  const written: string[] = [];
  const bytesOut: number[] = [];
  const warnings: string[] = [];
  const sleeps: number[] = [];
  let calls = 0;
  const sink = new FdSink({
    fd: 1,
    name: 'stdout',
    maxPending,
    warn: (text) => warnings.push(text),
    sleep: (ms) => sleeps.push(ms),
    write: (_fd, bytes, offset) => {
      calls++;
      const answer = answers.shift() ?? bytes.length - offset;
      if (typeof answer === 'string') throw Object.assign(new Error(answer), { code: answer });
      written.push(Buffer.from(bytes.subarray(offset, offset + answer)).toString());
      bytesOut.push(...bytes.subarray(offset, offset + answer));
      return Math.min(answer, bytes.length - offset);
    },
  });
  return {
    sink,
    written,
    warnings,
    sleeps,
    calls: () => calls,
    text: () => Buffer.from(bytesOut).toString(),
  };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('FdSink', () => {
  it('writes the lines of a turn in one call', async () => {
    const { sink, written } = system();
    sink.write('a\n');
    sink.write('b\n');
    expect(written).toEqual([]);
    await turn();
    expect(written).toEqual(['a\nb\n']);
  });

  it('writes at once when a batch is full', () => {
    const { sink, written } = system();
    sink.write('x'.repeat(16_384));
    expect(written).toHaveLength(1);
  });

  it('writes the rest when the system takes a part, also in the middle of a character', async () => {
    const { sink, text } = system(2, 1);
    sink.write('a€b\n');
    await sink.flush();
    expect(text()).toBe('a€b\n');
  });

  it('waits by timer on EAGAIN and keeps the order', async () => {
    const { sink, text, calls } = system('EAGAIN', 2, 'EAGAIN');
    sink.write('1\n2\n');
    const flushed = sink.flush();
    sink.write('3\n');
    await turn();
    expect(calls()).toBe(1);
    await flushed;
    expect([text(), calls()]).toEqual(['1\n2\n3\n', 5]);
  });

  it('drops and counts what a reader that stays away leaves over the cap', async () => {
    const { sink, text, warnings } = system('EAGAIN');
    sink.write('x\n');
    const flushed = sink.flush();
    for (let at = 0; at < 60; at++) sink.write('y\n');
    await flushed;
    expect(text()).toBe(`x\n${'y\n'.repeat(50)}`);
    expect(warnings).toEqual([
      'agent4 logging: 10 lines were dropped because the reader of stdout was too slow',
    ]);
  });

  it('tries again within the turn when much waits, as its timer cannot come before', async () => {
    const { sink, text, calls } = of(1 << 20, 'EAGAIN', 'EAGAIN');
    const line = `${'x'.repeat(1_023)}\n`;
    const many = (count: number): void => {
      for (let at = 0; at < count; at++) sink.write(line);
    };
    many(16);
    expect([calls(), text()]).toEqual([1, '']);
    many(64);
    expect([calls(), text()]).toEqual([2, '']);
    expect(sink.health()).toMatchObject({ state: 'degraded', queued: 80, queuedBytes: 80 * 1_024 });
    many(64);
    expect([text().length, sink.congested]).toEqual([144 * 1_024, false]);
    many(1);
    await sink.flush();
    expect(text()).toBe(line.repeat(145));
  });

  it('holds no more than its cap, pieces included, and counts them all when they are lost', async () => {
    const drops = heard('drop');
    const { sink } = of(200 * 1_024, ...Array<string>(20).fill('EAGAIN'), 'EPIPE');
    const line = `${'x'.repeat(1_023)}\n`;
    for (let at = 0; at < 16 + 300; at++) sink.write(line);
    expect(sink.health()).toMatchObject({ queued: 16 + 200, dropped: 100 });
    for (let at = 0; at < 21; at++) sink.flushSync(0);
    expect(drops.reduce((sum, { records }) => sum + Number(records), 0)).toBe(316);
    expect(sink.health()).toMatchObject({ state: 'down', queued: 0, queuedBytes: 0, dropped: 316 });
  });

  it('sleeps at exit while the pipe is full, for 5 s at most', () => {
    const patient = system('EAGAIN', 'EAGAIN');
    patient.sink.write('a\n');
    patient.sink.flushSync();
    expect([patient.text(), patient.sleeps]).toEqual(['a\n', [10, 10]]);
    const never = system(...Array<string>(501).fill('EAGAIN'));
    never.sink.write('a\n');
    never.sink.flushSync();
    expect(never.sleeps).toHaveLength(500);
  });

  it('ends with one warning on EPIPE', async () => {
    const { sink, warnings, calls } = system('EPIPE');
    sink.write('a\n');
    await sink.flush();
    sink.write('b\n');
    await sink.flush();
    expect([calls(), warnings]).toEqual([
      1,
      ['agent4 logging: stdout was closed by its reader (EPIPE); log lines are dropped from here on'],
    ]);
  });

  it('goes on after a full disk, with one warning', async () => {
    const { sink, warnings, text } = system('ENOSPC', 'ENOSPC');
    for (const line of ['a\n', 'b\n', 'c\n']) {
      sink.write(line);
      await sink.flush();
    }
    expect([text(), warnings]).toEqual([
      'c\n',
      ['agent4 logging: stdout takes no lines (ENOSPC); lines are dropped until it does'],
    ]);
  });

  it('counts every line it held when its reader went', async () => {
    const drops = heard('drop');
    const { sink } = system('EAGAIN', 'EPIPE');
    sink.write('a\nb\n');
    const flushed = sink.flush();
    sink.write('c\n');
    expect(sink.health()).toMatchObject({ state: 'degraded', queued: 3, queuedBytes: 6 });
    await flushed;
    sink.write('d\n');
    expect(drops).toEqual([
      { destination: 'stdout', records: 3, reason: 'EPIPE' },
      { destination: 'stdout', records: 1, reason: 'closed' },
    ]);
    expect(sink.health()).toMatchObject({ state: 'down', queued: 0, dropped: 4 });
  });

  it('ends half a line before the next one when the disk was full in its middle', async () => {
    const drops = heard('drop');
    const { sink, text } = system(3, 'EAGAIN', 'ENOSPC');
    sink.write('abcdef\n');
    const flushed = sink.flush();
    sink.write('next\n');
    await flushed;
    expect(text()).toBe('abc\nnext\n');
    expect(drops).toEqual([{ destination: 'stdout', records: 1, reason: 'ENOSPC' }]);
  });
});
