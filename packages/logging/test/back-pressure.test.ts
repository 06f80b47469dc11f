import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import winston from 'winston';
import Transport from 'winston-transport';
import { CorrelationContext } from '../src/index.ts';
import { captured } from './capture.ts';
import { LogFolder } from './log-folder.ts';

/** Answers in turns of the event loop, some later than others: so records pile up in it. */
class PushingBack extends Transport {
  readonly infos: Array<Record<string, unknown>> = [];
  mostQueued = 0;
  readonly #every: number;

  constructor(every: number) {
    super();
    this.#every = every;
  }

  override log(info: Record<string, unknown>, next: () => void): void {
    this.infos.push(info);
    this.mostQueued = Math.max(this.mostQueued, this.writableLength);
    if (this.infos.length % this.#every === 0) setImmediate(next);
    else process.nextTick(next);
  }
}

/** Records whose id is not that of the request that logged them. */
const foreign = (records: ReadonlyArray<Readonly<Record<string, unknown>>>): number =>
  records.filter(({ id, correlationId }) => id === undefined || correlationId !== id).length;

const traffic = async (requests: number, lines: number, perTurn: number, every: number) => {
  const slow = new PushingBack(every);
  const { logger, records } = captured({ transports: slow });
  const request = async (id: string): Promise<void> => {
    for (let at = 0; at < lines; at++) {
      logger.info('m', { id });
      if (at % perTurn === perTurn - 1) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  const ids = Array.from({ length: requests }, (_, id) => `${id}`);
  await Promise.all(ids.map((id) => CorrelationContext.run({ correlationId: id }, () => request(id))));
  await logger.flush();
  return { lines: records(), infos: slow.infos, mostQueued: slow.mostQueued };
};

it.each([
  [50, 400],
  [20, 1_000],
  [200, 100],
])(
  '%d requests of %d lines against a transport that pushes back: none missing, none with another’s id',
  async (requests, lines) => {
    const seen = await traffic(requests, lines, 10, 7);
    expect(seen.mostQueued).toBeGreaterThan(100);
    expect([seen.lines.length, seen.infos.length]).toEqual([20_000, 20_000]);
    expect([foreign(seen.lines), foreign(seen.infos)]).toEqual([0, 0]);
  },
  60_000,
);

it('a File of winston’s gets all of a burst of 20,000 in one turn, each with its own id', async () => {
  const folder = new LogFolder();
  const file = new winston.transports.File({ filename: folder.path });
  const { logger } = captured({ transports: file });
  for (let id = 0; id < 50; id++)
    CorrelationContext.run({ correlationId: `${id}` }, () => {
      for (let at = 0; at < 400; at++) logger.info('m', { id: `${id}` });
    });
  await logger.flush();
  const finished = once(file, 'finish');
  logger.end();
  await finished;
  const lines = folder.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect([lines.length, foreign(lines)]).toEqual([20_000, 0]);
}, 60_000);

it('so for any number of requests, lines, lines per turn, and pace of the transport', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
      async (requests, lines, perTurn, every) => {
        const seen = await traffic(requests, lines, perTurn, every);
        expect([seen.lines.length, seen.infos.length]).toEqual([requests * lines, requests * lines]);
        expect([foreign(seen.lines), foreign(seen.infos)]).toEqual([0, 0]);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);
