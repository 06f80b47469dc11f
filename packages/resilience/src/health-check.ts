export type HealthStatus = 'up' | 'degraded' | 'down' | 'unknown';

/**
 * A check's answer: true or nothing = up, false = down, a status word, or a status with a message that is safe to show and
 * the code of what went wrong (letters, digits and `_`).
 */
export type HealthAnswer =
  | boolean
  | undefined
  | HealthStatus
  | { status: HealthStatus; message?: string | undefined; code?: string | undefined };

/** Throwing or rejecting means down. The signal aborts when the check's time is up. */
export type HealthCheck = (signal: AbortSignal) => unknown;

export interface HealthCheckResult {
  status: HealthStatus;
  critical: boolean;
  message?: string;
  /** How long the check took, to the microsecond. */
  latencyMs: number;
  /** When the check ran, ISO 8601. */
  checkedAt: string;
  /** The first check in a row that found this status, ISO 8601. */
  since: string;
  /** The last failure, also when it is over: the error's code or class, never its text. */
  lastError?: { code: string; at: string };
}

/** What a run of a check came to. `code` stands for the error, where there was one. */
export interface Finding {
  status: HealthStatus;
  message?: string;
  code?: string;
}

const WORDS: ReadonlySet<unknown> = new Set(['up', 'degraded', 'down', 'unknown']);

export const isHealthStatus = (value: unknown): value is HealthStatus => WORDS.has(value);

/** Reads a check's answer. A hostile one (a getter that throws) throws here. */
export const findingOf = (value: unknown): Finding => {
  if (value === undefined || value === true) return { status: 'up' };
  if (value === false) return { status: 'down' };
  const { status, message, code } = (
    typeof value === 'object' && value !== null ? value : { status: value }
  ) as { status?: unknown; message?: unknown; code?: unknown };
  if (!isHealthStatus(status)) return { status: 'unknown', message: 'the check gave no status' };
  return {
    status,
    ...(typeof message === 'string' ? { message: message.slice(0, 200) } : {}),
    ...(typeof code === 'string' && /^\w[\w ]{0,39}$/.test(code) ? { code } : {}),
  };
};

/**
 * The status of the whole: down when a critical check is down; degraded when any other is down or any is degraded;
 * unknown when nothing is known; else up.
 */
export const overall = (results: readonly Pick<HealthCheckResult, 'status' | 'critical'>[]): HealthStatus => {
  const known = results.filter(({ status }) => status !== 'unknown');
  if (known.length === 0) return 'unknown';
  if (known.some(({ status, critical }) => status === 'down' && critical)) return 'down';
  return known.some(({ status }) => status !== 'up') ? 'degraded' : 'up';
};
