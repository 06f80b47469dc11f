import { needs } from './deliver.ts';
import { publishFailure } from './events.ts';
import { addLine, Info } from './info.ts';
import type { Kept } from './recorder-ring.ts';
import type { Ready } from './scope.ts';
import { hand, patchedWrite, writeAnyway } from './write.ts';

/** The record as transports get it, read from its line. */
const infoOf = ({ line, rules }: Kept, level: string, ready: Ready): Info => {
  const { shape } = rules;
  const key = JSON.parse(shape.message.slice(1, -1)) as string;
  const info = new Info(level, ready.name);
  info.level = level;
  info.message = (JSON.parse(line) as Record<string, string>)[key] ?? '';
  const from = shape.time.length;
  Info.setTime(info, line.slice(from, line.indexOf('"', from)));
  return info;
};

const emitOne = (record: Kept): void => {
  const { scope, index, line, rules, fed } = record;
  const { levels, root } = scope.core;
  if (root.silent) return;
  const now = scope.ready();
  const level = levels.names[index]!;
  const rank = levels.ranks[level]!;
  const feeds = fed ? now.feeds.filter(({ target }) => target.level === undefined) : now.feeds;
  const ready = { ...now, rules, feeds, rank: Math.max(now.rank, rank) };
  const patched = patchedWrite();
  const needed = patched === undefined ? needs(scope, ready, rank) : 'record';
  const info = needed === 'line' ? undefined : infoOf(record, level, ready);
  if (info !== undefined && needed === 'record') addLine(info, line, rules);
  hand(scope, ready, index, line, info, patched);
};

/** Writes the records as they were logged; one that fails costs the others nothing. @returns how many there were. */
export const emitKept = ({
  kept,
  dropped,
  last,
}: {
  kept: readonly Kept[];
  dropped: number;
  last: Kept | undefined;
}): number => {
  if (dropped > 0 && last !== undefined)
    writeAnyway(last.scope, last.index, 'older records were not kept', { dropped, recorded: true });
  for (const record of kept)
    try {
      emitOne(record);
    } catch (error) {
      publishFailure({ source: `logger ${record.scope.core.name}`, error });
    }
  return kept.length;
};
