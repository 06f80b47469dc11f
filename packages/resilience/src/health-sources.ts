import { errorCode } from './error-code.ts';
import {
  type Finding,
  findingOf,
  type HealthCheck,
  type HealthStatus,
  isHealthStatus,
} from './health-check.ts';

/**
 * A policy as a check: a circuit breaker (ours or cockatiel's), a bulkhead, a pipeline with one of them, or anything whose
 * `snapshot()` answers `{ status }`, `{ state }` or `{ running, queued, maxConcurrent, maxQueue }`.
 */
export interface HealthSource {
  /** A circuit's state. */
  readonly state?: unknown;
  readonly circuitBreaker?: HealthSource | undefined;
  readonly bulkhead?: HealthSource | undefined;
  snapshot?(): unknown;
  /** Without calls nothing is known yet. */
  stats?(): { calls: number };
}

/** By the word of our circuits, and by the number of cockatiel's. */
const OF_STATE: ReadonlyMap<unknown, Finding> = new Map<unknown, Finding>(
  (
    [
      ['closed', 0, 'up'],
      ['open', 1, 'down'],
      ['half-open', 2, 'degraded'],
      ['isolated', 3, 'down'],
      ['disabled', 'disabled', 'unknown'],
      ['metrics-only', 'metrics-only', 'unknown'],
    ] as const
  ).flatMap(([word, number, status]) => {
    const finding: Finding = status === 'up' ? { status } : { status, message: `circuit ${word}` };
    return [[word, finding] as const, [number, finding] as const];
  }),
);

const RANK: Record<HealthStatus, number> = { down: 3, degraded: 2, up: 1, unknown: 0 };

const readable = (value: unknown): value is HealthSource =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** The check that a source stands for: itself when it is a plain function, else a look at the policy. */
export const checkOf = (name: string, source: unknown): HealthCheck => {
  if (readable(source)) {
    // A policy is a function too, so look for what it shows first.
    if (isShown(source)) return () => findingOfPolicy(source);
    const parts = [source.circuitBreaker, source.bulkhead].filter((part) => readable(part) && isShown(part));
    if (parts.length > 0) return () => worst(parts.map((part) => findingOfPolicy(part!, source)));
    if (typeof source === 'function' && !('execute' in source)) return source as HealthCheck;
  }
  throw new TypeError(
    `the source of "${name}" must be a function, a circuit breaker, a bulkhead, or a pipeline with one of them`,
  );
};

/** A pipeline's `snapshot()` tells of its parts, so a pipeline is read by them. */
const isShown = (source: HealthSource): boolean =>
  'state' in source ||
  (typeof source.snapshot === 'function' && !('circuitBreaker' in source) && !('bulkhead' in source));

/** `counted` is whose calls tell whether anything is known: the pipeline, for its parts. */
const findingOfPolicy = (source: HealthSource, counted: HealthSource = source): Finding => {
  const finding = 'state' in source ? ofCircuit(source) : ofSnapshot(source.snapshot?.());
  if (finding.status === 'up' && counted.stats?.().calls === 0)
    return { status: 'unknown', message: 'no call yet' };
  return finding;
};

const ofCircuit = (source: HealthSource): Finding => {
  const finding = OF_STATE.get(source.state) ?? { status: 'unknown', message: 'circuit in an unknown state' };
  if (finding.status !== 'down') return finding;
  const { lastError } = (source.snapshot?.() ?? {}) as { lastError?: unknown };
  return lastError === undefined ? finding : { ...finding, code: errorCode(lastError) };
};

const ofSnapshot = (snapshot: unknown): Finding => {
  const { status, state, running, queued, maxConcurrent, maxQueue } = (snapshot ?? {}) as Record<
    string,
    unknown
  >;
  if (isHealthStatus(status)) return findingOf(snapshot);
  const ofState = OF_STATE.get(state);
  if (ofState !== undefined) return ofState;
  if (typeof running !== 'number' || typeof maxConcurrent !== 'number')
    return { status: 'unknown', message: 'the snapshot tells no status' };
  const full = running >= maxConcurrent && Number(queued ?? 0) >= Number(maxQueue ?? 0);
  return full ? { status: 'degraded', message: 'bulkhead full' } : { status: 'up' };
};

const worst = (findings: readonly Finding[]): Finding =>
  findings.reduce((worse, each) => (RANK[each.status] > RANK[worse.status] ? each : worse));
