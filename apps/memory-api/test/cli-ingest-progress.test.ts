import { describe, expect, it } from '@jest/globals';
import { createProgress, type Progress, type ProgressOptions } from '../src/cli/ingest/progress.ts';

const ERASE = '\r\u001b[2K';

const start = (
  options: Partial<Omit<ProgressOptions, 'out' | 'clock'>> & { isTTY: boolean; columns?: number },
): { progress: Progress; written: string[]; pass: (ms: number) => void } => {
  let now = 0;
  const written: string[] = [];
  const { isTTY, columns, unit = 'records', total = 100 } = options;
  const progress = createProgress({
    out: { isTTY, columns, write: (text: string) => written.push(text) },
    unit,
    total: 'total' in options ? options.total : total,
    clock: () => now,
  });
  return {
    progress,
    written,
    pass: (ms) => {
      now += ms;
    },
  };
};

const tally = (added: number, failed = 0) => ({ added, existing: 0, failed });

describe('on a terminal', () => {
  it('the bar shows part, count, rate, time left and failures', () => {
    const { progress, written, pass } = start({ isTTY: true });
    pass(2_000);
    progress.update(25, tally(24, 1));
    expect(written).toEqual([`${ERASE}[##--------] 25% 25/100 | 1 failed | 13/s | ETA 0:06`]);
  });

  it('a file of lines is measured in bytes', () => {
    const { progress, written, pass } = start({ isTTY: true, unit: 'bytes', total: 4_000_000 });
    pass(1_000);
    progress.update(1_000_000, tally(5));
    expect(written).toEqual([
      `${ERASE}[##--------] 25% 1.0/4.0 MB, 5 memories | 0 failed | 5.0/s | ETA 0:03`,
    ]);
  });

  it('a small file is measured in thousands of bytes', () => {
    const { progress, written, pass } = start({ isTTY: true, unit: 'bytes', total: 10_000 });
    pass(1_000);
    progress.update(2_500, tally(5));
    expect(written[0]).toContain(' 25% 2.5/10.0 kB, 5 memories |');
  });

  it('it is drawn ten times a second at most', () => {
    const { progress, written, pass } = start({ isTTY: true });
    for (let at = 1; at <= 100; at++) {
      pass(10);
      progress.update(at, tally(at));
    }
    expect(written.length).toBe(10);
  });

  it('it never goes back when records end out of order', () => {
    const { progress, written, pass } = start({ isTTY: true });
    progress.update(50, tally(1));
    pass(100);
    progress.update(40, tally(2));
    expect(written[1]).toContain('50% 50/100');
  });

  it('it fits the width', () => {
    const { progress, written, pass } = start({ isTTY: true, columns: 20 });
    pass(1_000);
    progress.update(1, tally(1));
    expect(written[0]?.length).toBe(ERASE.length + 19);
  });

  it('the rate is that of the last ten seconds', () => {
    const { progress, written, pass } = start({ isTTY: true, total: 100_000 });
    progress.update(0, tally(0));
    for (let second = 1; second <= 40; second++) {
      pass(1_000);
      // A thousand a second first, then ten.
      const done = second <= 20 ? second * 1000 : 20_000 + (second - 20) * 10;
      progress.update(done, tally(done));
    }
    expect(written.at(-1)).toContain('| 10/s |');
  });

  it('a wait is told until something moves', () => {
    const { progress, written, pass } = start({ isTTY: true });
    progress.update(1, tally(1));
    pass(100);
    progress.waiting('HTTP_429, again in 7.0 s');
    pass(100);
    progress.update(2, tally(2));
    expect(written[1]).toBe(`${ERASE}[----------] 1% 1/100 | 0 failed | HTTP_429, again in 7.0 s`);
    expect(written[2]).not.toContain('HTTP_429');
  });

  it('a line stands above the bar, and the end takes the bar away', () => {
    const { progress, written } = start({ isTTY: true });
    progress.update(1, tally(0, 1));
    progress.line('line 1: bad');
    progress.update(2, tally(1, 1));
    progress.end();
    expect(written.map((text) => text.replace(/\[[#-].*/, 'bar'))).toEqual([
      `${ERASE}bar`,
      ERASE,
      'line 1: bad\n',
      `${ERASE}bar`,
      ERASE,
    ]);
  });
});

describe('elsewhere', () => {
  it('a plain line comes every five seconds, without escape sequences', () => {
    const { progress, written, pass } = start({ isTTY: false, total: 1_000 });
    for (let at = 1; at <= 12; at++) {
      pass(1_000);
      progress.update(at, tally(at));
    }
    progress.end();
    expect(written).toEqual([
      '0% 5/1000 | 0 failed | 1.0/s | ETA 16:35\n',
      '1% 10/1000 | 0 failed | 1.0/s | ETA 16:30\n',
    ]);
  });

  it('an unknown size gives counts alone', () => {
    const { progress, written, pass } = start({ isTTY: false, unit: 'bytes', total: undefined });
    pass(5_000);
    progress.update(700, tally(10));
    expect(written).toEqual(['10 memories | 0 failed | 2.0/s\n']);
  });
});
