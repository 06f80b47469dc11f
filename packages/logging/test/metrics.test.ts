import { describe, expect, it } from '@jest/globals';
import winston from 'winston';
import { fileDestination, isolated, loggingHealth, loggingMetrics } from '../src/index.ts';
import { captured } from './capture.ts';
import { heard } from './heard.ts';
import { LogFolder } from './log-folder.ts';
import { Recorder } from './recorder.ts';

/** Names are for ever in the process, so each test has its own. */
const named = (name: string, write: (text: string) => unknown = () => {}) => ({ name, write });

describe('loggingMetrics', () => {
  it('counts lines and characters by destination and level', () => {
    const { logger } = captured({ destination: named('m1'), level: 'debug' });
    logger.info('a');
    logger.info('b');
    logger.error('€');
    logger.silly('not written');
    const { lines, characters, bytes, drops } = loggingMetrics().destinations.m1!;
    expect([lines, bytes, drops]).toEqual([{ info: 2, error: 1 }, 0, {}]);
    expect(characters.info).toBe(2 * (characters.error! - 1));
  });

  it('counts the bytes of a file as they are on the disk, and how long its flush took', async () => {
    const folder = new LogFolder();
    const file = fileDestination({ path: folder.path, name: 'm2' });
    captured({ destination: file }).logger.info('€');
    await file.flush();
    const { bytes, flushes, characters } = loggingMetrics().destinations.m2!;
    expect(bytes).toBe(Buffer.byteLength(folder.text()));
    expect(bytes).toBe(characters.info! + 2);
    expect(flushes).toMatchObject({ count: 1 });
    expect(flushes!.sumMs).toBeGreaterThan(0);
    expect(flushes!.p50Ms).toBeLessThanOrEqual(flushes!.maxMs);
    await file.close();
  });

  it('counts what winston transports got, and failures by source', () => {
    heard('failure');
    const { logger } = captured({
      destination: named('m3', () => {
        throw new Error('x');
      }),
      transports: new Recorder([], 'm3 transport'),
    });
    logger.warn('a');
    const after = loggingMetrics();
    expect(after.destinations['m3 transport']!.lines).toEqual({ warn: 1 });
    expect(after.failures.m3).toBe(1);
  });

  it('counts drops by reason', () => {
    heard('failure');
    const destination = isolated(
      named('m4', () => {
        throw new Error('x');
      }),
      { maxQueued: 2, flushTimeoutMs: 0 },
    );
    for (let at = 0; at < 5; at++) destination.write('x\n');
    expect(loggingMetrics().destinations.m4!.drops).toEqual({ full: 3 });
    return destination.close();
  });

  it('counts what was cut, what could not be read, and calls without a line', () => {
    heard('failure');
    const { logger } = captured({ limits: { maxStringLength: 20, maxKeys: 2 } });
    const before = loggingMetrics();
    logger.info('x'.repeat(100));
    logger.info('m', {
      get bad() {
        throw new Error('no');
      },
      list: [1, 2, 3],
    });
    // As an instrumentation that follows records does it; winston has no method of its own there.
    const { prototype } = winston.Logger;
    Object.assign(prototype, {
      write: () => {
        throw new Error('broken instrumentation');
      },
    });
    try {
      logger.info('m');
    } finally {
      Reflect.deleteProperty(prototype, 'write');
    }
    const after = loggingMetrics();
    expect({
      truncations: after.truncations - before.truncations,
      unreadable: after.unreadable - before.unreadable,
      serializeFailures: after.serializeFailures - before.serializeFailures,
    }).toEqual({ truncations: 2, unreadable: 1, serializeFailures: 1 });
  });

  it('keeps counting under one name when destinations come and go', () => {
    for (let at = 0; at < 3; at++) captured({ destination: named('m5') }).logger.info('a');
    expect(loggingMetrics().destinations.m5!.lines).toEqual({ info: 3 });
  });
});

describe('toPrometheus', () => {
  it('is text that a scrape takes: each series once, one value a line, labels escaped', () => {
    heard('failure');
    const name = 'a "quoted"\\\nname';
    captured({ destination: named(name) }).logger.info('m');
    captured({ destination: named(name) }).logger.info('m');
    const text = loggingMetrics().toPrometheus();
    expect(text.endsWith('\n')).toBe(true);
    const series = text
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('#'));
    for (const line of series)
      expect(line).toMatch(
        /^[a-z][a-z0-9_]*(\{([a-z]+="([^"\\\n]|\\\\|\\"|\\n)*",?)+\})? -?\d+(\.\d+)?(e[-+]?\d+)?$/,
      );
    const names = series.map((line) => line.slice(0, line.lastIndexOf(' ')));
    expect(new Set(names).size).toBe(names.length);
    expect(text).toContain(
      'agent4_logging_lines_total{destination="a \\"quoted\\"\\\\\\nname",level="info"} 2',
    );
    expect(text).toContain('# TYPE agent4_logging_flush_duration_seconds summary');
    expect(text).toContain('agent4_logging_destination_up{destination="a \\"quoted\\"\\\\\\nname"} 1');
  });
});

describe('loggingHealth', () => {
  const of = (name: string) => loggingHealth().filter((one) => one.name === name);

  it('has stdout once somebody writes there, files from the start, and each isolation in the place of what it wraps', async () => {
    const folder = new LogFolder();
    const file = fileDestination({ path: folder.path, name: 'h1' });
    expect(of('h1')).toEqual([
      {
        name: 'h1',
        state: 'up',
        queued: 0,
        queuedBytes: 0,
        dropped: 0,
        lastError: undefined,
        since: expect.any(Number),
      },
    ]);
    file.write('a\n');
    const outer = isolated(file, { name: 'h1 isolated' });
    expect([of('h1').length, of('h1 isolated')]).toEqual([
      0,
      [expect.objectContaining({ queued: 1, queuedBytes: 2 })],
    ]);
    await outer.close();
    expect(of('h1 isolated')).toEqual([]);
    await file.close();
  });

  it('tells how a plain destination is', () => {
    heard('failure');
    let failing = true;
    const destination = named('h2', () => {
      if (failing) throw new Error('https://u:secret@host/?token=abc\nsecond line');
    });
    const { logger } = captured({ destination });
    logger.info('a');
    expect(of('h2')).toMatchObject([
      { state: 'degraded', lastError: 'https://[REDACTED]@host/?token=[REDACTED] second line' },
    ]);
    failing = false;
    logger.info('b');
    expect(of('h2')).toMatchObject([{ state: 'up' }]);
  });

  it('survives errors that cannot be read', () => {
    heard('failure');
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const [at, thrown] of [proxy, null, 5, Object.create(null)].entries()) {
      const { logger } = captured({
        destination: named(`h3 ${at}`, () => {
          throw thrown;
        }),
      });
      logger.info('m');
      expect(of(`h3 ${at}`)[0]!.lastError).toMatch(/a value that is no Error|no message|Unreadable/);
    }
  });
});

it('holds no more than 1,000 names', () => {
  for (let at = 0; at < 1_200; at++) captured({ destination: named(`flood ${at}`) }).logger.info('a');
  const { destinations } = loggingMetrics();
  expect(Object.keys(destinations).length).toBeLessThanOrEqual(1_001);
  expect(destinations['(others)']!.lines.info).toBeGreaterThanOrEqual(200);
});
