import type { Destination } from './destination.ts';
import { publishFailure } from './events.ts';
import { type Info, MESSAGE, type WinstonInfo } from './info.ts';
import type { Level } from './levels.ts';
import type { LevelCount } from './meters.ts';
import { observing } from './observer.ts';
import { recomposeLine } from './recompose.ts';
import type { Ready, Scope } from './scope.ts';
import { type Track, trackOf } from './track.ts';

/** The format in force, and the one that winston put there by itself. */
export interface Formatting {
  readonly format: { transform(info: WinstonInfo, options?: unknown): WinstonInfo | boolean };
  readonly _ownFormat: unknown;
}

/** How much of a record is needed beside its line: nothing, its line and level for a transport, or all its fields. */
export const needs = (
  scope: Scope,
  { feeds, rank: most }: Ready,
  rank: number,
): 'line' | 'head' | 'record' => {
  const { root, levels } = scope.core;
  if (root.format !== root._ownFormat) return 'record';
  let needed: 'line' | 'head' = 'line';
  for (const feed of feeds) {
    const { level } = feed.target;
    if (rank > (level === undefined ? most : (levels.ranks[level] ?? most))) continue;
    if (!feed.linesOnly) return 'record';
    needed = 'head';
  }
  return needed;
};

/** The record as the logger's own format leaves it; undefined when the format filters it out. */
const formatted = (
  root: Formatting,
  ready: Ready,
  info: Info,
  line: string,
): [WinstonInfo, string] | undefined => {
  const { format } = root;
  info[MESSAGE] = line;
  if (format === root._ownFormat) return [info as unknown as WinstonInfo, line];
  try {
    const made = format.transform(
      info as unknown as WinstonInfo,
      (format as { options?: unknown }).options,
    ) as unknown;
    if (made === false) return undefined;
    if (typeof made === 'object' && made !== null) {
      const text = (made as { [MESSAGE]?: unknown })[MESSAGE];
      // A format that only changes fields leaves the text to us.
      const own = typeof text === 'string' && text !== line ? text : recomposeLine(ready, made as Info);
      (made as { [MESSAGE]: string })[MESSAGE] = own;
      return [made as WinstonInfo, own];
    }
  } catch (error) {
    publishFailure({ source: 'format', error });
  }
  return [info as unknown as WinstonInfo, line];
};

/** Sends a finished line to the destination and to the transports that want it. */
export const deliver = (
  scope: Scope,
  ready: Ready,
  index: number,
  line: string,
  info: Info | undefined,
): void => {
  const { feeds, rank: most, output } = ready;
  const { names, ranks } = scope.core.levels;
  const level = names[index]!;
  const rank = ranks[level]!;
  let text = line;
  let record: WinstonInfo | undefined;
  if (info !== undefined) {
    const made = formatted(scope.core.root, ready, info, line);
    if (made === undefined) return;
    [record, text] = made;
  }
  const { observer } = observing;
  if (observer?.take({ logger: ready.name, level, line, text }) === true) return;
  if (output !== undefined && rank <= most)
    hand(output, index, level, output.draw === undefined ? `${text}\n` : `${output.draw(text)}\n`);
  if (record === undefined) return;
  for (const feed of feeds) {
    const { level: wanted } = feed.target;
    if (rank <= (wanted === undefined ? most : (ranks[wanted] ?? most))) feed.write(record, level);
  }
};

/** A destination, and what is counted of it. */
export interface Output {
  readonly destination: Destination;
  readonly track: Track;
  /** By the place of a level in its set. */
  readonly counts: readonly LevelCount[];
  /** Makes of a line what the destination gets. */
  readonly draw: ((line: string) => string) | undefined;
}

export const outputOf = (
  destination: Destination,
  names: readonly string[],
  draw?: (line: string) => string,
): Output => {
  const track = trackOf(destination);
  return { destination, track, counts: names.map((level) => track.meter.at(level)), draw };
};

const hand = ({ destination, track, counts }: Output, index: number, level: string, text: string): void => {
  const count = counts[index]!;
  count.lines++;
  count.characters += text.length;
  try {
    const answer: unknown =
      track.leveled === undefined
        ? destination.write(text)
        : track.leveled.writeAtLevel(text, level as Level);
    // An async destination is not waited for, but its rejection must not end the process.
    if (typeof answer === 'object' && answer !== null && 'then' in answer)
      Promise.resolve(answer).then(
        () => track.failing && track.worked(),
        (error: unknown) => track.failed(error),
      );
    else if (track.failing) track.worked();
  } catch (error) {
    track.failed(error);
  }
};
