import { isPrimitive, peek } from './peek.ts';

/** After so many failures in a row nothing is tried for a while, which doubles with each failed probe. */
export interface CoolDownOptions {
  readonly maxFailures: number;
  readonly coolDownMs: number;
  readonly maxCoolDownMs: number;
}

/** Counts failures in a row and says how long to keep away. Has no clock: whoever asks waits. */
export class CoolDown {
  readonly #options: CoolDownOptions;
  #failures = 0;

  constructor(options: CoolDownOptions) {
    this.#options = options;
  }

  /** @returns how long to wait before the next attempt, in milliseconds; 0 while there were too few failures. */
  failed(): number {
    this.#failures++;
    const { maxFailures, coolDownMs, maxCoolDownMs } = this.#options;
    const over = this.#failures - maxFailures;
    return over < 0 ? 0 : Math.min(maxCoolDownMs, coolDownMs * 2 ** Math.min(over, 30));
  }

  worked(): void {
    this.#failures = 0;
  }
}

/** How long a guard's refusal asks to wait, in milliseconds. */
export const askedFor = (error: unknown): number | undefined => {
  const retryAfterMs = isPrimitive(error) ? undefined : peek(error as object, 'retryAfterMs');
  return typeof retryAfterMs === 'number' && retryAfterMs > 0 ? retryAfterMs : undefined;
};
