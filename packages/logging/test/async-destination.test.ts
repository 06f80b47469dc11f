import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, it } from '@jest/globals';
import { captured } from './capture.ts';

it.each([
  ['collector', 'collector'],
  [undefined, 'destination'],
])(
  'a destination (%s) that answers with a rejection is a failure under its name, and logging goes on',
  async (name, source) => {
    const failures: unknown[] = [];
    const error = new Error('disk full');
    // The channel is the process's: what is left of other tests may be heard here too.
    const note = (event: unknown): void => {
      if ((event as { error: unknown }).error === error) failures.push(event);
    };
    const taken: string[] = [];
    const { logger } = captured({
      destination: {
        name,
        write: async (text) => {
          taken.push(text);
          if (taken.length === 1) throw error;
        },
      },
    });
    subscribe('agent4:logging:failure', note);
    try {
      logger.info('one');
      logger.info('two');
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      unsubscribe('agent4:logging:failure', note);
    }
    expect(taken).toHaveLength(2);
    expect(failures).toEqual([{ source, error }]);
  },
);
