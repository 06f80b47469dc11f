import { errorCode } from './error-code.ts';
import {
  type Finding,
  findingOf,
  type HealthCheck,
  type HealthStatus,
  isHealthStatus,
} from './health-check.ts';
import { show } from './validate.ts';

/**
 * A policy as a check: a circuit breaker (ours or cockatiel's), breakers by key, a bulkhead, an adaptive concurrency, a rate
 * limit, a pipeline with a breaker or a bulkhead, or anything whose `snapshot()` answers `{ status }`, `{ state }`,
 * `{ running, queued, maxConcurrent, maxQueue }`, with `limit` for `maxConcurrent`, or `{ nextInMs, queued, maxQueue }`.
 */
export interface HealthSource {
  /** A circuit's state. */
  readonly state?: unknown;
  readonly circuitBreaker?: HealthSource | undefined;
  readonly bulkhead?: HealthSource | undefined;
  /** Of breakers by key. */
  for?(key: string): unknown;
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
    `the source of "${name}" must be a function, a circuit breaker, a bulkhead, an adaptive concurrency, a rate limit, or a ` +
      `pipeline with a breaker or a bulkhead, got ${show(source)}`,
  );
};

/** A pipeline's `snapshot()` tells of its parts, so a pipeline is read by them. */
const isShown = (source: HealthSource): boolean => {
  if ('state' in source) return true;
  if (typeof source.snapshot !== 'function' || 'circuitBreaker' in source || 'bulkhead' in source)
    return false;
  // A policy that shows something else, as a retry does, would be unknown for ever.
  return !('execute' in source) || typeof source.for === 'function' || tellsStatus(source.snapshot());
};

const tellsStatus = (snapshot: unknown): boolean => {
  const { status, state } = (snapshot ?? {}) as Record<string, unknown>;
  return isHealthStatus(status) || OF_STATE.has(state) || roomOf(snapshot) !== undefined;
};

/** `counted` is whose calls tell whether anything is known: the pipeline, for its parts. */
const findingOfPolicy = (source: HealthSource, counted: HealthSource = source): Finding => {
  const finding = findingIn(source);
  if (finding.status === 'up' && counted.stats?.().calls === 0)
    return { status: 'unknown', message: 'no call yet' };
  return finding;
};

const findingIn = (source: HealthSource): Finding => {
  if ('state' in source) return ofCircuit(source);
  const snapshot = source.snapshot?.();
  return typeof source.for === 'function' ? ofKeys(snapshot) : ofSnapshot(snapshot);
};

const ofCircuit = (source: HealthSource): Finding => {
  const finding = OF_STATE.get(source.state) ?? { status: 'unknown', message: 'circuit in an unknown state' };
  if (finding.status !== 'down') return finding;
  const { lastError } = (source.snapshot?.() ?? {}) as { lastError?: unknown };
  return lastError === undefined ? finding : { ...finding, code: errorCode(lastError) };
};

/** Each key is a dependency of its own: all of them down is down, some of them is degraded. */
const ofKeys = (snapshot: unknown): Finding => {
  const circuits = Object.values((snapshot ?? {}) as Record<string, { state?: unknown }>);
  const ill = circuits.filter(({ state }) => OF_STATE.get(state)?.status !== 'up');
  if (ill.length === 0) return { status: 'up' };
  const down = ill.filter(({ state }) => OF_STATE.get(state)?.status === 'down').length;
  return {
    status: down === circuits.length ? 'down' : 'degraded',
    message: `${ill.length} of ${circuits.length} circuits not closed`,
  };
};

const ofSnapshot = (snapshot: unknown): Finding => {
  const { status, state } = (snapshot ?? {}) as Record<string, unknown>;
  if (isHealthStatus(status)) return findingOf(snapshot);
  const room = roomOf(snapshot);
  return OF_STATE.get(state) ?? room ?? { status: 'unknown', message: 'the snapshot tells no status' };
};

/** Whether the next call would be refused; undefined for what has neither slots nor turns. */
const roomOf = (snapshot: unknown): Finding | undefined => {
  const { running, maxConcurrent, limit, nextInMs, queued, maxQueue } = (snapshot ?? {}) as Record<
    string,
    unknown
  >;
  const slots = maxConcurrent ?? limit;
  const full = Number(queued ?? 0) >= Number(maxQueue ?? 0);
  if (typeof running === 'number' && typeof slots === 'number')
    return running >= slots && full ? { status: 'degraded', message: 'bulkhead full' } : { status: 'up' };
  if (typeof nextInMs !== 'number') return undefined;
  return nextInMs > 0 && full ? { status: 'degraded', message: 'rate used up' } : { status: 'up' };
};

const worst = (findings: readonly Finding[]): Finding =>
  findings.reduce((worse, each) => (RANK[each.status] > RANK[worse.status] ? each : worse));
