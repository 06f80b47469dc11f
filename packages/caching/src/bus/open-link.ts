import type { CacheEvents } from '../events.ts';
import type { Settings } from '../settings/settings.ts';
import { BusLink } from './link.ts';
import type { Change } from './message.ts';

/** The link of a cache to its bus, with its errors and losses told of; undefined without a bus. */
export const openLink = <V>(
  { bus, name: cache, namespace, storeTimeoutMs: timeoutMs }: Settings<V>,
  events: CacheEvents,
  apply: (change: Change) => void,
): BusLink | undefined => {
  if (bus === undefined) return undefined;
  return new BusLink({
    bus,
    channel: `agent4:caching:${namespace}`,
    timeoutMs,
    apply,
    onError: (operation, error) => {
      if (events.wants('bus-error')) events.emit('bus-error', { cache, operation, error });
    },
    onState: (connected) => {
      const event = connected ? 'bus-connected' : 'bus-lost';
      if (events.wants(event)) events.emit(event, { cache });
    },
  });
};
