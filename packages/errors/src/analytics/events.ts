import { channel } from 'node:diagnostics_channel';
import type { ErrorGroup } from './group.ts';

/** A group that is out of the ordinary right now. */
export interface ErrorSpike {
  group: ErrorGroup;
  /** Errors in the current bucket so far. */
  count: number;
  /** Start of the current bucket, milliseconds since 1970. */
  since: number;
  /** What is usual in a bucket. */
  median: number;
  /** How many robust deviations above it; always finite. */
  score: number;
}

/** What each event carries; `analytics` is the instance's `name`. */
export interface AnalyticsEvents {
  /** A group was made: an error seen for the first time, or again after it lost its place. */
  new: { analytics: string; group: ErrorGroup };
  /** It came back after `resolve()`, or after `silenceMs` without one. */
  regressed: { analytics: string; group: ErrorGroup; after: 'resolved' | 'silence' };
  /** Once per episode: not again while the buckets that follow are spikes as well. */
  spike: { analytics: string } & ErrorSpike;
}

export type AnalyticsEvent = keyof AnalyticsEvents;
type Listener<E extends AnalyticsEvent> = (payload: AnalyticsEvents[E]) => void;

const channels = {
  new: channel('agent4:errors:new'),
  regressed: channel('agent4:errors:regressed'),
  spike: channel('agent4:errors:spike'),
};

/** Listeners of one instance, and the process-wide channels `agent4:errors:<event>`. */
export class Events {
  readonly #listeners = new Map<AnalyticsEvent, Set<(payload: never) => void>>();

  on<E extends AnalyticsEvent>(event: E, listener: Listener<E>): () => void {
    if (!Object.hasOwn(channels, event))
      throw new TypeError(
        `there is no event "${String(event)}"; there are ${Object.keys(channels).join(', ')}`,
      );
    if (typeof listener !== 'function') throw new TypeError(`the listener of "${event}" must be a function`);
    // A wrapper of its own, so that the same function may be subscribed twice and each answer removes its own.
    const entry = (payload: never): void => listener(payload);
    const entries = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, entries.add(entry));
    return () => {
      entries.delete(entry);
    };
  }

  /** Builds the payload only when somebody listens. A listener that throws disturbs nobody and becomes a warning. */
  emit<E extends AnalyticsEvent>(event: E, build: () => AnalyticsEvents[E]): void {
    const listeners = this.#listeners.get(event);
    const shared = channels[event];
    if ((listeners === undefined || listeners.size === 0) && !shared.hasSubscribers) return;
    const payload = build();
    for (const listener of [...(listeners ?? [])]) {
      try {
        (listener as Listener<E>)(payload);
      } catch {
        process.emitWarning(`A listener of the errors event "${event}" threw`, 'ErrorAnalyticsWarning');
      }
    }
    if (shared.hasSubscribers) shared.publish(payload);
  }
}
