import winston from 'winston';
import { counters } from './counters.ts';
import { deliver, needs } from './deliver.ts';
import { publishFailure } from './events.ts';
import { Info } from './info.ts';
import { composeLine } from './line.ts';
import type { Ready, Scope } from './scope.ts';

/** Where a record came from that goes through an instrumentation. */
export interface Sent {
  readonly scope: Scope;
  readonly ready: Ready;
}

export const SENT: unique symbol = Symbol('sent');

/** winston has no `write` of its own; an instrumentation that follows records (OpenTelemetry, Datadog) puts one here. */
export const patchedWrite = (): ((info: unknown) => boolean) | undefined =>
  Object.hasOwn(winston.Logger.prototype, 'write')
    ? (winston.Logger.prototype.write as (info: unknown) => boolean)
    : undefined;

/** Hands a finished record to the instrumentation, which gives it back by `_transform`, or to where it goes. */
export const hand = (
  scope: Scope,
  ready: Ready,
  index: number,
  line: string,
  info: Info | undefined,
  patched: ((info: unknown) => boolean) | undefined,
): void => {
  if (patched === undefined) {
    deliver(scope, ready, index, line, info);
  } else {
    const sent: Sent = { scope, ready };
    Object.defineProperty(info, SENT, { value: sent, configurable: true });
    Reflect.apply(patched, scope.core.root, [info]);
  }
};

/** Writes one record; whether it is wanted was asked before. */
export const write = (
  scope: Scope,
  ready: Ready,
  index: number,
  message: string,
  fields: Readonly<Record<string, unknown>> | undefined,
): void => {
  const { names, ranks } = scope.core.levels;
  const level = names[index]!;
  const rank = ranks[level]!;
  const patched = patchedWrite();
  const needed = patched === undefined ? needs(scope, ready, rank) : 'record';
  const info = needed === 'line' ? undefined : new Info(level, ready.name);
  const line = composeLine(ready, index, message, fields, needed === 'record' ? info : undefined);
  hand(scope, ready, index, line, info, patched);
};

const variants = new WeakMap<Ready, Ready[]>();

/** The same with another level: all below it is left as it is, and so are transports with levels of their own. */
export const atRank = (ready: Ready, rank: number): Ready => {
  if (ready.rank === rank) return ready;
  const known = variants.get(ready) ?? [];
  const same = known.find((each) => each.rank === rank);
  if (same !== undefined) return same;
  const variant = { ...ready, rank };
  variants.set(ready, [...known, variant]);
  return variant;
};

/** Writes a line of the package's own, whatever level, sampling and limits say. Never throws. */
export const writeAnyway = (
  scope: Scope,
  index: number,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): void => {
  const { core } = scope;
  if (core.root.silent) return;
  try {
    const ready = scope.ready();
    const rank = core.levels.ranks[core.levels.names[index]!]!;
    write(scope, atRank(ready, Math.max(rank, ready.rank)), index, message, fields);
  } catch (error) {
    counters.serializeFailures++;
    publishFailure({ source: `logger ${core.name}`, error });
  }
};
