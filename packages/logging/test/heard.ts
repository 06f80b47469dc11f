import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach } from '@jest/globals';

const stops: Array<() => void> = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Everything published on `agent4:logging:<event>` until the test ends. */
export const heard = (event: 'drop' | 'failure'): Array<Record<string, unknown>> => {
  const events: Array<Record<string, unknown>> = [];
  const listener = (payload: unknown): void => {
    events.push(payload as Record<string, unknown>);
  };
  subscribe(`agent4:logging:${event}`, listener);
  stops.push(() => unsubscribe(`agent4:logging:${event}`, listener));
  return events;
};
