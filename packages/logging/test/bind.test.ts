import { EventEmitter, once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { CorrelationContext } from '../src/index.ts';

const id = (): string | undefined => CorrelationContext.current()?.correlationId;
const inRun = <Result>(correlationId: string, fn: () => Result): Result =>
  CorrelationContext.run({ correlationId }, fn);

/** A pool of one worker that calls back from its own loop, as user-land pools of connections do. */
class Pool {
  readonly #waiting: Array<(worker: number) => void> = [];
  take(callback: (worker: number) => void): void {
    this.#waiting.push(callback);
  }
  serve(): void {
    for (const callback of this.#waiting.splice(0)) callback(1);
  }
}

/** A thenable that keeps its callbacks and calls them from where it settles, as query builders do. */
class LazyQuery {
  readonly #settled: Array<(value: string) => unknown> = [];
  // biome-ignore lint/suspicious/noThenProperty: being thenable is the point
  then(callback: (value: string) => unknown): void {
    this.#settled.push(callback);
  }
  settle(): void {
    for (const callback of this.#settled.splice(0)) callback('rows');
  }
}

describe('bind', () => {
  it('gives a callback of a pool its own context back', () => {
    const pool = new Pool();
    const seen: unknown[] = [];
    inRun('a', () => pool.take(CorrelationContext.bind((worker) => seen.push([worker, id()]))));
    inRun('b', () => pool.take(CorrelationContext.bind((worker) => seen.push([worker, id()]))));
    inRun('c', () => pool.take(() => seen.push(id())));
    inRun('server', () => pool.serve());
    // The last one shows what is lost without.
    expect(seen).toEqual([[1, 'a'], [1, 'b'], 'server']);
  });

  it('gives a callback of a thenable its own context back; await needs none', async () => {
    const query = new LazyQuery();
    const seen: unknown[] = [];
    const awaited = inRun('a', async () => {
      await (query as unknown as PromiseLike<string>);
      seen.push(['await', id()]);
    });
    inRun('b', () => query.then(CorrelationContext.bind(() => seen.push(['bound', id()]))));
    inRun('c', () => query.then(() => seen.push(['bare', id()])));
    await null;
    inRun('driver', () => query.settle());
    await awaited;
    expect(seen).toEqual([
      ['bound', 'b'],
      ['bare', 'driver'],
      ['await', 'a'],
    ]);
  });

  it('hands arguments and result on', () => {
    const add = inRun('a', () => CorrelationContext.bind((a: number, b: number) => a + b));
    expect(add(2, 3)).toBe(5);
  });
});

describe('bindEmitter', () => {
  it('calls every listener in its context, those added before and after', () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    const note = (value: number): void => void seen.push([value, id()]);
    inRun('early', () => emitter.on('x', note));
    expect(inRun('in', () => CorrelationContext.bindEmitter(emitter))).toBe(emitter);
    inRun('late', () => emitter.once('x', note));
    expect(inRun('out', () => emitter.emit('x', 1))).toBe(true);
    expect(emitter.emit('unheard')).toBe(false);
    expect(seen).toEqual([
      [1, 'in'],
      [1, 'in'],
    ]);
  });

  it('leaves listeners what they are: they can be taken off', () => {
    const emitter = inRun('in', () => CorrelationContext.bindEmitter(new EventEmitter()));
    const note = (): void => {};
    emitter.on('x', note);
    expect(emitter.listeners('x')).toEqual([note]);
    emitter.off('x', note);
    expect(emitter.listenerCount('x')).toBe(0);
  });

  it('belongs to the later context when it is bound again, and is wrapped once', () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    emitter.on('x', () => seen.push(id()));
    inRun('first', () => CorrelationContext.bindEmitter(emitter));
    for (let turn = 0; turn < 20_000; turn++) inRun('second', () => CorrelationContext.bindEmitter(emitter));
    emitter.emit('x');
    expect(seen).toEqual(['second']);
  });

  it('keeps a wrapper that somebody else put around it', () => {
    const emitter = inRun('first', () => CorrelationContext.bindEmitter(new EventEmitter()));
    const { emit } = emitter;
    let traced = 0;
    emitter.emit = function (this: EventEmitter, ...args: Parameters<typeof emit>) {
      traced++;
      return Reflect.apply(emit, this, args) as boolean;
    };
    inRun('second', () => CorrelationContext.bindEmitter(emitter));
    emitter.emit('x');
    expect(traced).toBe(1);
  });

  it('serves streams, whose events come from elsewhere', async () => {
    const stream = inRun('in', () => CorrelationContext.bindEmitter(new PassThrough()));
    const seen: unknown[] = [];
    stream.on('data', (chunk) => seen.push([String(chunk), id()]));
    inRun('writer', () => stream.end('part'));
    await once(stream, 'end');
    expect(seen).toEqual([['part', 'in']]);
  });

  it('throws what a listener throws, by identity', () => {
    const boom = new Error('boom');
    const emitter = inRun('in', () => CorrelationContext.bindEmitter(new EventEmitter()));
    emitter.on('x', () => {
      throw boom;
    });
    expect(() => emitter.emit('x')).toThrow(boom);
  });

  it('does nothing outside of a run, and refuses what is no emitter', () => {
    const emitter = new EventEmitter();
    CorrelationContext.bindEmitter(emitter);
    expect(Object.hasOwn(emitter, 'emit')).toBe(false);
    expect(() => CorrelationContext.bindEmitter({} as never)).toThrow(
      new TypeError('emitter must have an emit(event) method, got [object Object]'),
    );
    expect(() => CorrelationContext.bindEmitter(null as never)).toThrow(TypeError);
  });
});
