import { describe } from './describe.ts';
import { addChange, checkChangeOptions, type LevelChangeOptions } from './level-changes.ts';
import { checkPattern } from './level-patterns.ts';
import { checkLevel, type Level } from './levels.ts';

/** Signals that do not mean the end of the process, or that a service may take for itself. */
const signals = ['SIGUSR2', 'SIGHUP', 'SIGWINCH', 'SIGINFO', 'SIGBREAK', 'SIGCONT'] as const;

export type LevelSignal = (typeof signals)[number];

export interface LevelOnSignalOptions extends LevelChangeOptions {
  /** Whose level: a logger's name or a pattern. Default `*`. */
  pattern?: string | undefined;
}

/**
 * Changes levels whenever the process gets the signal. With `forMs` each signal begins that time anew; without, the next
 * signal takes the change back. A signal that would end the process otherwise (SIGHUP) does so no longer.
 * @returns Listens no more, and takes back a change that is in force.
 * @throws TypeError or RangeError naming what is wrong; SIGTERM, SIGINT and SIGUSR1 (node's debugger) are refused.
 */
export const levelOnSignal = (
  signal: LevelSignal,
  level: Level,
  options: LevelOnSignalOptions = {},
): (() => void) => {
  if (!signals.includes(signal))
    throw new RangeError(`signal must be one of ${signals.join(', ')}, got ${describe(signal)}`);
  checkLevel('level', level);
  checkChangeOptions('levelOnSignal', options, ['pattern']);
  const pattern = checkPattern('pattern', options.pattern ?? '*');
  let undo: (() => void) | undefined;
  const listener = (): void => {
    const before = undo;
    undo = undefined;
    if (before === undefined || options.forMs !== undefined)
      undo = addChange(pattern, level, options, 'signal');
    before?.();
  };
  process.on(signal, listener);
  return () => {
    process.off(signal, listener);
    undo?.();
    undo = undefined;
  };
};
