import type { Emitter, EventName, PolicyEvents } from './events.ts';
import { emitterOf, type Policy, type PolicyLike } from './policy.ts';
import type { PolicyStats, Recorder } from './stats.ts';

/** What a policy made of policies tells of itself and of its parts, as far as they are ours. */
export class Parts {
  readonly #emitter: Emitter;
  readonly #recorder: Recorder;
  readonly #ours: ReadonlySet<Policy>;

  constructor(emitter: Emitter, recorder: Recorder, parts: readonly PolicyLike[]) {
    this.#emitter = emitter;
    this.#recorder = recorder;
    this.#ours = new Set(parts.filter((part): part is Policy => emitterOf(part) !== undefined));
  }

  /** Its own counts, and of the parts what only they count. */
  stats(): PolicyStats {
    const sum = this.#recorder.stats();
    for (const part of this.#ours) {
      const { retries, suppressed, timeouts } = part.stats();
      sum.retries += retries;
      sum.suppressed += suppressed;
      sum.timeouts += timeouts;
    }
    return sum;
  }

  /** Its own `success` and `failure`, all else from the parts. */
  on<K extends EventName>(event: K, listener: (payload: PolicyEvents[K]) => unknown): () => void {
    const stops = [this.#emitter.on(event, listener)];
    if (event !== 'success' && event !== 'failure') {
      for (const part of this.#ours) if (emitterOf(part)?.knows(event)) stops.push(part.on(event, listener));
    }
    return () => {
      for (const stop of stops) stop();
    };
  }
}
