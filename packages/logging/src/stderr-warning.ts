import { writeSync } from 'node:fs';

/** One line for the operator about a destination itself; it goes past every destination. */
export const warnOnStderr = (text: string): void => {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // stderr is gone too: there is nobody left to tell.
  }
};
