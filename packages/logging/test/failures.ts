import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach } from '@jest/globals';
import type { FailureEvent } from '../src/index.ts';

const ending: Array<() => void> = [];
afterEach(() => {
  for (const end of ending.splice(0)) end();
});

/** Writes down, until the test ends, what is published as a failure: `source: message`. */
export const failures = (): (() => string[]) => {
  const seen: string[] = [];
  const listen = (message: unknown): void => {
    const { source, error } = message as FailureEvent;
    seen.push(`${source}: ${(error as Error).message}`);
  };
  subscribe('agent4:logging:failure', listen);
  ending.push(() => unsubscribe('agent4:logging:failure', listen));
  return () => seen;
};
