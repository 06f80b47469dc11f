import type { ActiveAlert } from './alert-notice.ts';
import type { AlertSource, KeyedAlertSource } from './alert-options.ts';
import { AlertWatch, type WatchContext } from './alert-watch.ts';
import type { StateChange } from './events.ts';
import { nameOf, show } from './validate.ts';

/** The circuits of one source: a breaker's one, or those of breakers by key. */
class Circuits {
  readonly source: AlertSource | KeyedAlertSource;
  users = 0;
  readonly #context: WatchContext;
  readonly #watches = new Map<string, AlertWatch>();
  readonly #stop: () => void;

  constructor(name: string, source: AlertSource | KeyedAlertSource, context: WatchContext) {
    this.source = source;
    this.#context = context;
    const keyed = isKeyed(source);
    this.#stop = source.on('state', (change) => this.#change(keyed ? change.policy : name, change));
  }

  /** Takes up the states that the circuits are in. */
  look(): void {
    const { source } = this;
    if (isKeyed(source))
      for (const { name, state } of Object.values(source.snapshot())) this.#change(name, { to: state });
    else if (source.state !== undefined) this.#change(source.name, { to: source.state });
  }

  active(): ActiveAlert[] {
    return [...this.#watches.values()].map((watch) => watch.active()).filter((each) => each !== undefined);
  }

  /** Listens no more; no timer is left. */
  stop(): void {
    this.#stop();
    for (const watch of this.#watches.values()) watch.stop();
  }

  /** As `stop`, and resolves what is active, since nobody would ever do so. */
  end(): void {
    this.#stop();
    for (const watch of this.#watches.values()) watch.end();
    this.#watches.clear();
  }

  #change(policy: string, change: Pick<StateChange, 'to' | 'error'>): void {
    let watch = this.#watches.get(policy);
    if (watch === undefined) {
      if (change.to === 'closed') return;
      this.#forgetResting();
      watch = new AlertWatch(policy, this.#context);
      this.#watches.set(policy, watch);
    }
    watch.change(change);
  }

  /** Keys come and go; of a circuit that is well and was so for long there is nothing to remember. */
  #forgetResting(): void {
    for (const [policy, watch] of this.#watches) if (watch.resting) this.#watches.delete(policy);
  }
}

/** All circuits that are watched, by the names of their sources. */
export class AlertWatches {
  readonly #context: WatchContext;
  readonly #sources = new Map<string, Circuits>();
  #closed = false;

  constructor(context: WatchContext) {
    this.#context = context;
  }

  /** Answers what ends it; a source that is watched twice is heard once, until both have ended. */
  watch(given: AlertSource | KeyedAlertSource): () => void {
    if (this.#closed) throw new TypeError('these alerts are closed');
    const source = circuitsOf(given);
    const name = nameOf(source.name, '');
    const circuits = this.#sources.get(name) ?? new Circuits(name, source, this.#context);
    if (circuits.source !== source)
      throw new TypeError(`two circuits are named "${name}"; give each a name of its own`);
    this.#sources.set(name, circuits);
    circuits.users++;
    if (circuits.users === 1) circuits.look();
    let ended = false;
    return () => {
      if (ended || this.#closed) return;
      ended = true;
      circuits.users--;
      if (circuits.users > 0) return;
      this.#sources.delete(name);
      circuits.end();
    };
  }

  active(): ActiveAlert[] {
    return [...this.#sources.values()].flatMap((circuits) => circuits.active());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const circuits of this.#sources.values()) circuits.stop();
  }
}

const isKeyed = (source: AlertSource | KeyedAlertSource): source is KeyedAlertSource =>
  'for' in source && typeof source.for === 'function';

/** A pipeline is watched by its breaker; `in`, because a pipeline without one must not go unwatched unnoticed. */
const circuitsOf = (given: AlertSource | KeyedAlertSource): AlertSource | KeyedAlertSource => {
  const readable = (typeof given === 'object' && given !== null) || typeof given === 'function';
  const source = readable && 'circuitBreaker' in given ? given.circuitBreaker : given;
  if (!readable || typeof source?.on !== 'function' || !('state' in source || isKeyed(source)))
    throw new TypeError(
      `a source of alerts must be a circuit breaker, breakers by key, or a pipeline with a breaker, got ${readable ? `"${given.name}"` : show(given)}`,
    );
  return source;
};
