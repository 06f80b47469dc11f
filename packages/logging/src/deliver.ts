import type winston from 'winston';
import { publishFailure } from './events.ts';
import { type Level, levelNames, levels } from './levels.ts';
import { recomposeLine } from './line.ts';
import type { Scope } from './scope.ts';
import { trackOf } from './track.ts';

export type Info = winston.Logform.TransformableInfo;

export const LEVEL = Symbol.for('level');
const MESSAGE = Symbol.for('message');
const SPLAT = Symbol.for('splat');

/** The format in force, and the one that winston put there by itself. */
interface Formatting {
  readonly format: winston.Logform.Format;
  readonly _ownFormat: winston.Logform.Format | undefined;
}

/** The record as transports and formats get it: a plain, redacted copy that nobody else holds. */
export const infoOf = (line: string, level: string): Info => {
  const info = { [LEVEL]: level, [MESSAGE]: line, [SPLAT]: [] } as unknown as Info;
  const fields = JSON.parse(line) as Record<string, unknown>;
  for (const key of Object.keys(fields)) if (key !== '__proto__') info[key] = fields[key];
  return info;
};

/** Sends a finished line to the destination and to the transports that want it. */
export const deliver = (root: Formatting, scope: Scope, rank: number, own: string): void => {
  const { destination, feeds, rank: most, rules } = scope.ready();
  const level = levelNames[rank]!;
  let line = own;
  let info: Info | undefined;
  const { format } = root;
  if (format !== root._ownFormat) {
    info ??= infoOf(line, level);
    try {
      const made = format.transform(info, (format as { options?: unknown }).options);
      if (made === false) return;
      if (typeof made === 'object' && made !== null) {
        info = made;
        const text = (made as { [MESSAGE]?: unknown })[MESSAGE];
        // A format that only changes fields leaves the text to us.
        line = typeof text === 'string' && text !== own ? text : recomposeLine(made, rules.withoutRedaction);
        info[MESSAGE as never] = line as never;
      }
    } catch (error) {
      publishFailure({ source: 'format', error });
      info = undefined;
    }
  }
  if (destination !== undefined && rank <= most) {
    const track = trackOf(destination);
    const text = `${line}\n`;
    track.meter.lines[rank]!++;
    track.meter.characters[rank]! += text.length;
    try {
      const answer: unknown =
        track.leveled === undefined ? destination.write(text) : track.leveled.writeAtLevel(text, level);
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
  }
  for (const feed of feeds) {
    const { level: wanted } = feed.target;
    if (rank > (wanted === undefined ? most : (levels[wanted as Level] ?? most))) continue;
    info ??= infoOf(line, level);
    feed.write(info, rank);
  }
};
