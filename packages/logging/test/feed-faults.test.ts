import { describe, expect, it, jest } from '@jest/globals';
import Transport from 'winston-transport';
import { type Destination, isolated, loggingHealth } from '../src/index.ts';
import { captured } from './capture.ts';
import { heard } from './heard.ts';
import { turn } from './manual-time.ts';
import { Recorder } from './recorder.ts';

/** Throws or answers as told. */
class Moody extends Transport {
  readonly name: string;
  mode: 'throw' | 'error' | 'hold' | 'fine' = 'fine';
  readonly infos: Array<Record<string, unknown>> = [];
  readonly held: Array<() => void> = [];
  calls = 0;

  constructor(name: string) {
    super();
    this.name = name;
  }

  override log(info: Record<string, unknown>, next: (error?: Error) => void): void {
    this.calls++;
    if (this.mode === 'throw') throw new Error('thrown');
    if (this.mode === 'error') next(new Error('answered'));
    else if (this.mode === 'hold') this.held.push(next);
    else {
      this.infos.push(info);
      next();
    }
  }
}

const of = (name: string) => loggingHealth().find((one) => one.name === name);

describe('a winston transport', () => {
  it.each(['throw', 'error'] as const)(
    'that fails 100 times in a row (%s) is left alone for a second; what comes meanwhile is held for it',
    (mode) => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'performance'] });
      try {
        heard('failure');
        const moody = new Moody(`feed ${mode}`);
        moody.mode = mode;
        const { logger, records } = captured({ transports: moody });
        for (let at = 0; at < 150; at++) logger.info('m', { at });
        expect([moody.calls, of(moody.name)!.state, of(moody.name)!.queued]).toEqual([100, 'down', 50]);
        moody.mode = 'fine';
        jest.advanceTimersByTime(999);
        expect(moody.calls).toBe(100);
        jest.advanceTimersByTime(1);
        expect(moody.infos.map(({ at }) => at)).toEqual(Array.from({ length: 50 }, (_, at) => at + 100));
        expect(of(moody.name)).toMatchObject({ state: 'up', queued: 0, dropped: 0 });
        expect(records()).toHaveLength(150);
      } finally {
        jest.useRealTimers();
      }
    },
  );

  it('that hangs is given 64 Mi characters at most, and all of that again once it answered', async () => {
    const drops = heard('drop');
    const moody = new Moody('feed of long lines');
    moody.mode = 'hold';
    const limits = { maxStringLength: 1 << 20, maxLineBytes: 1 << 22 };
    const { logger, text: lines } = captured({ transports: moody, limits });
    const round = (): void => {
      for (let at = 0; at < 70; at++) logger.info('x'.repeat(1 << 20));
      lines.length = 0;
    };
    round();
    expect([drops.length, of(moody.name)!.queued]).toEqual([6, 64]);
    moody.mode = 'fine';
    for (const next of moody.held.splice(0)) next();
    await logger.flush();
    moody.mode = 'hold';
    round();
    expect([drops.length, of(moody.name)!.queued]).toEqual([12, 64]);
  });

  it('that hangs and recovers is told how many records it missed', async () => {
    const drops = heard('drop');
    const moody = new Moody('feed hanging');
    moody.mode = 'hold';
    const { logger } = captured({ transports: moody, format: 'gcp' });
    for (let at = 0; at < 50_007; at++) logger.info('m');
    expect([drops.length, of(moody.name)]).toEqual([
      7,
      expect.objectContaining({ state: 'degraded', queued: 50_000, dropped: 7 }),
    ]);
    moody.mode = 'fine';
    for (const next of moody.held) next();
    await logger.flush();
    await turn();
    expect(moody.infos).toHaveLength(50_000);
    const notices = moody.infos.filter(({ dropped }) => dropped !== undefined);
    expect(notices).toMatchObject([{ level: 'warn', destination: { name: 'feed hanging' }, dropped: 7 }]);
    expect(JSON.parse(notices[0]![Symbol.for('message') as never] as string)).toMatchObject({
      severity: 'WARNING',
      message: notices[0]!.message,
      dropped: 7,
    });
    expect(of(moody.name)!.state).toBe('up');
  });

  it('gets what is held for it when the logger is flushed', async () => {
    heard('failure');
    const moody = new Moody('feed flushed');
    moody.mode = 'throw';
    const { logger } = captured({ transports: moody });
    for (let at = 0; at < 120; at++) logger.info('m');
    moody.mode = 'fine';
    await logger.flush();
    expect(moody.infos).toHaveLength(20);
  });
});

describe('no other destination loses a line beside one that', () => {
  const faults: Record<string, () => { destination?: Destination; transport?: Transport }> = {
    'throws, as destination': () => ({
      destination: {
        write: () => {
          throw new Error('x');
        },
      },
    }),
    'rejects, as destination': () => ({ destination: { write: () => Promise.reject(new Error('x')) } }),
    'hangs, as isolated destination': () => ({
      destination: isolated({ write: () => new Promise(() => {}) }, { maxQueued: 5, flushTimeoutMs: 0 }),
    }),
    'throws, as isolated destination': () => ({
      destination: isolated(
        {
          write: () => {
            throw new Error('x');
          },
        },
        { maxQueued: 5, flushTimeoutMs: 0 },
      ),
    }),
    'hangs, as transport': () => {
      const transport = new Moody('hang');
      transport.mode = 'hold';
      return { transport };
    },
    'throws, as transport': () => {
      const transport = new Moody('throw');
      transport.mode = 'throw';
      return { transport };
    },
    'ends, as transport': () => {
      const transport = new Moody('end');
      transport.end();
      return { transport };
    },
    'emits errors, as transport': () => {
      const transport = new Moody('emit');
      transport.on('pipe', () => setImmediate(() => transport.emit('error', new Error('x'))));
      return { transport };
    },
  };

  it.each(Object.entries(faults))('%s', async (_name, make) => {
    heard('failure');
    heard('drop');
    const { destination, transport } = make();
    const seen: string[] = [];
    const healthy = new Recorder(seen, 'healthy');
    const { logger, text } = captured({
      ...(destination === undefined ? {} : { destination }),
      transports: transport === undefined ? healthy : [transport, healthy],
    });
    for (let at = 0; at < 1_000; at++) logger.info(`${at}`);
    await turn();
    for (let at = 1_000; at < 2_000; at++) logger.info(`${at}`);
    await turn();
    expect(seen).toEqual(Array.from({ length: 2_000 }, (_, at) => `healthy ${at}`));
    if (destination === undefined) expect(text).toHaveLength(2_000);
  });
});
