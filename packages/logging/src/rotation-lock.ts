import type { FileSystem } from './file-system.ts';

/** No rotation takes this long: a lock that is older was left by a process that died. */
const staleMs = 10_000;

/**
 * Calls `fn` while no other process rotates this file. The lock is a file beside it, held for the time of two renames.
 * @returns false when another process has it; it does the work then.
 */
export const whileLocked = (fs: FileSystem, path: string, fn: () => void): boolean => {
  const lock = `${path}.lock`;
  const take = (): boolean => {
    try {
      fs.closeSync(fs.openSync(lock, 'wx'));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  };
  // The file's time is the system's, whatever clock the destination was given.
  const stale = (): boolean => {
    try {
      return Math.abs(Date.now() - fs.statSync(lock).mtimeMs) > staleMs;
    } catch {
      return true;
    }
  };
  const remove = (): void => {
    try {
      fs.unlinkSync(lock);
    } catch {
      // Gone already.
    }
  };
  if (!take()) {
    if (!stale()) return false;
    remove();
    if (!take()) return false;
  }
  try {
    fn();
  } finally {
    remove();
  }
  return true;
};
