import { type Channel, channel } from 'node:diagnostics_channel';
import type { AlertNotice } from './alert-notice.ts';
import { deliver } from './listeners.ts';
import { show } from './validate.ts';

/** What the events of `alerts()` carry, also on `agent4:resilience:<event>`. */
export interface AlertEvents {
  /** A notice went to the queues of the sinks. */
  alert: AlertNotice;
  /** A sink threw, rejected or took too long; `code` is the error's code or class. The other sinks do not notice. */
  'alert-failure': { sink: string; id: string; type: AlertNotice['type']; code: string };
  /** A queue was full, so its oldest notice was dropped. */
  'alert-drop': { sink: string; id: string; type: AlertNotice['type'] };
}

type Listener = (payload: never) => unknown;

const NAMES = ['alert', 'alert-failure', 'alert-drop'] as const;
const CHANNELS = new Map<string, Channel>(NAMES.map((name) => [name, channel(`agent4:resilience:${name}`)]));
const ERRORS = channel('agent4:resilience:error');

export class AlertEmitter {
  readonly #listeners = new Map<string, Set<{ listener: Listener }>>(NAMES.map((name) => [name, new Set()]));

  on<K extends keyof AlertEvents>(event: K, listener: (payload: AlertEvents[K]) => unknown): () => void {
    const entries = this.#listeners.get(event);
    if (entries === undefined)
      throw new TypeError(`alerts has no event ${show(event)}; it has ${NAMES.join(', ')}`);
    if (typeof listener !== 'function')
      throw new TypeError(`the listener of "${event}" must be a function, got ${show(listener)}`);
    // An entry of its own, so that the same function may be subscribed twice and each answer removes its own.
    const entry = { listener };
    entries.add(entry);
    return () => {
      entries.delete(entry);
    };
  }

  /** Never throws. */
  emit<K extends keyof AlertEvents>(event: K, payload: AlertEvents[K]): void {
    const listeners = [...(this.#listeners.get(event) ?? [])].map(({ listener }) => listener);
    deliver(listeners, payload as never, (error: unknown) => this.report(event, error));
    const shared = CHANNELS.get(event);
    if (shared?.hasSubscribers === true) shared.publish(payload);
  }

  /** The faults of listeners and of functions handed in. */
  report(source: string, error: unknown): void {
    if (ERRORS.hasSubscribers) ERRORS.publish({ policy: 'alerts', source, error });
  }
}
