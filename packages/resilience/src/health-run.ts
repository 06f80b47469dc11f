import { errorCode } from './error-code.ts';
import { type Finding, findingOf, type HealthCheck, type HealthCheckResult } from './health-check.ts';
import { after, type Clock, type Timers } from './timers.ts';

export interface CheckSettings {
  critical: boolean;
  timeoutMs: number;
  cacheMs: number;
}

export interface HealthTime {
  clock: Clock;
  timers: Timers;
  now: () => number;
}

/** A check that hangs is left alone for so many of its time limits before another run is risked. */
const LEFT_ALONE = 10;

/** One registered check: runs it once at a time, and remembers what it said. */
export class CheckRun {
  readonly critical: boolean;
  readonly #check: HealthCheck;
  readonly #set: CheckSettings;
  readonly #time: HealthTime;
  #running: Promise<HealthCheckResult> | undefined;
  #last: { at: number; result: HealthCheckResult } | undefined;
  /** When the run began that is over its time and has not settled. */
  #hangsSince: number | undefined;

  constructor(check: HealthCheck, settings: CheckSettings, time: HealthTime) {
    this.critical = settings.critical;
    this.#check = check;
    this.#set = settings;
    this.#time = time;
  }

  /** What the last run said; unknown before the first. Runs nothing. */
  last(): HealthCheckResult {
    const at = this.#iso();
    return (
      this.#last?.result ?? {
        status: 'unknown',
        message: 'not checked yet',
        critical: this.critical,
        latencyMs: 0,
        checkedAt: at,
        since: at,
      }
    );
  }

  /** Never rejects, and takes no longer than `timeoutMs`. Callers at the same time share one run. */
  result(): Promise<HealthCheckResult> {
    if (this.#running !== undefined) return this.#running;
    const at = this.#time.clock();
    if (this.#last !== undefined && at - this.#last.at < this.#set.cacheMs)
      return Promise.resolve(this.#last.result);
    if (this.#hangsSince !== undefined) {
      const hangs = at - this.#hangsSince;
      if (hangs < LEFT_ALONE * this.#set.timeoutMs)
        return Promise.resolve(this.#keep(noAnswer('since', hangs), this.#iso(), hangs));
    }
    this.#running = this.#run(at).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(start: number): Promise<HealthCheckResult> {
    const { timers } = this.#time;
    const { timeoutMs } = this.#set;
    const checkedAt = this.#iso();
    const controller = new AbortController();
    const finding = await new Promise<Finding>((resolve) => {
      let over = false;
      const stop = after(timers, timeoutMs, () => {
        over = true;
        this.#hangsSince = start;
        resolve(noAnswer('within', timeoutMs));
        controller.abort(new DOMException('The health check took too long', 'TimeoutError'));
      });
      const settled = (said: Finding): void => {
        stop();
        // Only the run that hangs may say that it hangs no longer.
        if (over && this.#hangsSince === start) this.#hangsSince = undefined;
        resolve(said);
      };
      new Promise((settle) => settle(this.#check(controller.signal)))
        .then(findingOf)
        .then(settled, (error: unknown) => {
          const code = errorCode(error);
          settled({ status: 'down', message: `check failed: ${code}`, code });
        });
    });
    return this.#keep(finding, checkedAt, this.#time.clock() - start);
  }

  #keep({ status, message, code }: Finding, checkedAt: string, tookMs: number): HealthCheckResult {
    const before = this.#last?.result;
    const lastError = code === undefined ? before?.lastError : { code, at: checkedAt };
    const result: HealthCheckResult = {
      status,
      critical: this.critical,
      ...(message === undefined ? {} : { message }),
      // The clock counts nanoseconds as fractions; nobody reads more than three places of them.
      latencyMs: Math.round(tookMs * 1_000) / 1_000,
      checkedAt,
      since: before?.status === status ? before.since : checkedAt,
      ...(lastError === undefined ? {} : { lastError }),
    };
    this.#last = { at: this.#time.clock(), result };
    return result;
  }

  #iso(): string {
    return new Date(this.#time.now()).toISOString();
  }
}

const noAnswer = (word: 'within' | 'since', ms: number): Finding => ({
  status: 'down',
  message: `no answer ${word} ${Math.round(ms)} ms`,
  code: 'TIMEOUT',
});
