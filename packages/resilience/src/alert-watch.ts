import { randomUUID } from 'node:crypto';
import type { AlertLimit } from './alert-limit.ts';
import {
  type ActiveAlert,
  type AlertChange,
  type AlertNotice,
  type AlertSeverity,
  textOf,
} from './alert-notice.ts';
import type { AlertView } from './alert-options.ts';
import { AlertTracker, type FlapSettings, isIll } from './alert-tracker.ts';
import { errorCode } from './error-code.ts';
import type { StateChange } from './events.ts';
import type { Clock, Timers } from './timers.ts';

/** What the watches of one `alerts()` share. */
export interface WatchContext {
  clock: Clock;
  timers: Timers;
  now: () => number;
  coolDownMs: number;
  flap: FlapSettings | undefined;
  limit: AlertLimit;
  severity: (alert: AlertView) => AlertSeverity;
  labels: Readonly<Record<string, string>>;
  send: (notice: AlertNotice) => void;
  onHeldBack: () => void;
}

interface Open {
  alertId: string;
  kind: 'open' | 'flapping';
  severity: AlertSeverity;
  since: number;
  openedAt: string;
  reopenings: number;
  transitions: number;
  told: boolean;
}

/** One circuit: turns what its tracker decides into notices. */
export class AlertWatch {
  readonly policy: string;
  readonly #context: WatchContext;
  readonly #tracker: AlertTracker;
  #code: string | undefined;
  #open: Open | undefined;

  constructor(policy: string, context: WatchContext) {
    this.policy = policy;
    this.#context = context;
    const { coolDownMs, flap, clock, timers } = context;
    this.#tracker = new AlertTracker({
      ...{ coolDownMs, flap, clock, timers },
      listener: {
        opened: (kind, since, transitions) => this.#opened(kind, since, transitions),
        turned: (kind, transitions) => this.#turned(kind, transitions),
        resolved: () => this.#resolved(),
        heldBack: () => {
          this.#code = undefined;
          context.onHeldBack();
        },
      },
    });
  }

  change(change: Pick<StateChange, 'to' | 'error'>): void {
    const { state } = this.#tracker;
    if (change.to === state) return;
    if (change.error !== undefined) this.#code = errorCode(change.error);
    if (this.#open !== undefined) {
      if (change.to === 'open' && state === 'half-open') this.#open.reopenings++;
      if (isIll(change.to) !== isIll(state)) this.#open.transitions++;
    }
    this.#tracker.change(change.to);
  }

  active(): ActiveAlert | undefined {
    return this.#open === undefined ? undefined : this.#view(this.#open);
  }

  /** The circuit is well, and nothing of its past counts any more. */
  get resting(): boolean {
    return this.#open === undefined && this.#tracker.resting;
  }

  end(): void {
    this.#tracker.end();
  }

  stop(): void {
    this.#tracker.stop();
  }

  #opened(kind: 'open' | 'flapping', since: number, transitions: number): void {
    const { clock, now, severity } = this.#context;
    this.#open = {
      alertId: randomUUID(),
      kind,
      severity: severity({ policy: this.policy, kind, state: this.#tracker.state }),
      since,
      openedAt: new Date(now() - (clock() - since)).toISOString(),
      reopenings: 0,
      transitions,
      told: false,
    };
    this.#tell(kind === 'open' ? 'opened' : 'flapping');
  }

  #turned(kind: 'open' | 'flapping', transitions: number): void {
    const open = this.#open!;
    open.transitions = Math.max(open.transitions, transitions);
    open.kind = kind;
    open.severity = this.#context.severity({ policy: this.policy, kind, state: this.#tracker.state });
    // Who has not heard of the alert hears of it now, and for them it begins.
    if (kind === 'flapping') this.#tell('flapping');
    else this.#tell(open.told ? 'steady' : 'opened');
  }

  #resolved(): void {
    const open = this.#open!;
    const view = this.#view(open);
    // Forgotten before it is told: who hears of it may open the circuit again.
    this.#open = undefined;
    this.#code = undefined;
    if (open.told) this.#send('resolved', view);
  }

  /** The end of an alert that was told is owed, since somebody waits for it; everything else is limited. */
  #tell(type: AlertChange): void {
    if (!this.#context.limit.take()) return;
    this.#open!.told = true;
    this.#send(type, this.#view(this.#open!));
  }

  #send(type: AlertChange, view: ActiveAlert): void {
    const { limit, now, labels, send } = this.#context;
    const { told: _told, ...alert } = view;
    send({
      type,
      id: randomUUID(),
      at: new Date(now()).toISOString(),
      text: textOf(type, view),
      suppressed: limit.tell(),
      labels,
      ...alert,
    });
  }

  #view({ since, ...open }: Open): ActiveAlert {
    return {
      ...open,
      policy: this.policy,
      state: this.#tracker.state,
      openMs: this.#context.clock() - since,
      ...(this.#code === undefined ? {} : { code: this.#code }),
    };
  }
}
