import type { Destination } from './destination.ts';
import { publishFailure } from './events.ts';
import { Condition, type DestinationHealth, type Reporter, reportHealth, speaksForItself } from './health.ts';
import { type Meter, meterNamed } from './meters.ts';
import { peek } from './peek.ts';

type Leveled = Destination & Required<Pick<Destination, 'writeAtLevel'>>;

/** What is known of one destination: its meter, and, when it cannot speak for itself, how it is. */
export class Track implements Reporter {
  readonly meter: Meter;
  /** The destination, if it goes by the level. */
  readonly leveled: Leveled | undefined;
  readonly #target: WeakRef<Destination>;
  readonly #condition = new Condition();
  failing = false;

  constructor(destination: Destination) {
    const name = peek(destination, 'name');
    this.meter = meterNamed(typeof name === 'string' && name !== '' ? name : 'destination');
    const leveled = typeof peek(destination, 'writeAtLevel') === 'function';
    this.leveled = leveled ? (destination as Leveled) : undefined;
    this.#target = new WeakRef(destination);
  }

  failed(error: unknown): void {
    this.failing = true;
    this.#condition.enter('degraded', error);
    publishFailure({ source: this.meter.name, error });
  }

  worked(): void {
    this.failing = false;
    this.#condition.enter('up');
  }

  health(): DestinationHealth {
    return this.#condition.report(this.meter.name, 0, 0);
  }

  flush(): Promise<void> | void {
    return this.#target.deref()?.flush?.();
  }
}

const tracks = new WeakMap<Destination, Track>();
let last: Destination | undefined;
let lastTrack: Track | undefined;

/** Most processes have one destination, so the last one is remembered beside the map. */
export const trackOf = (destination: Destination): Track => {
  if (destination === last) return lastTrack!;
  let track = tracks.get(destination);
  if (track === undefined) {
    track = new Track(destination);
    tracks.set(destination, track);
    if (!speaksForItself(destination)) reportHealth(track);
  }
  last = destination;
  lastTrack = track;
  return track;
};
