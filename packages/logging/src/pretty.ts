import { isatty } from 'node:tty';
import type { Destination } from './destination.ts';
import { FdSink } from './fd-sink.ts';
import { prettyRecord } from './pretty-record.ts';
import { stdout } from './standard-output.ts';

/** Whether colours are wanted: FORCE_COLOR before NO_COLOR before what the descriptor is. */
export const wantsColour = (
  environment: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean => {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: terminal } = environment;
  if (force !== undefined) return force !== '0' && force !== 'false';
  return isTerminal && (no === undefined || no === '') && terminal !== 'dumb';
};

/** Draws our JSON lines for people who read them there, coloured where that is wanted; any other line passes as it is. */
export const prettyFor = (destination: Destination): ((line: string) => string) => {
  const isTerminal = destination instanceof FdSink && isatty(destination === stdout() ? 1 : 2);
  const colour = wantsColour(process.env, isTerminal);
  return (line) => prettyRecord(line, colour);
};
