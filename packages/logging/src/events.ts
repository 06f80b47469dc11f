import { channel } from 'node:diagnostics_channel';
import { errorText } from './health.ts';
import { countDrop, countFailure } from './meters.ts';

/** Published on `agent4:logging:drop`: records that a destination did not take, or that the recorder gave up. */
export interface DropEvent {
  /** `stdout`, `stderr`, a file's path, the transport's name, the name given, or `recorder`. */
  destination: string;
  /** How many; at least 1. */
  records: number;
  /** An error code such as EPIPE, `full`, `closed`, `refused` (too many attempts) or `exit` (still held when the process ended). */
  reason: string;
}

/** Published on `agent4:logging:failure`: what threw, rejected or emitted an error; whoever logged does not see it. */
export interface FailureEvent {
  /**
   * The name of the destination or transport (`destination` without one) or the file's path; `format`; `logger <name>` for a record that
   * could not be written; `throttle`; or the name of a function handed in, such as `trace` or `ignore`.
   */
  source: string;
  error: unknown;
}

/** Published on `agent4:logging:suppress`: records of one message that a throttle held back, told as the log is. */
export interface SuppressEvent {
  logger: string;
  level: string;
  /** As given, before anything is put into it. */
  message: string;
  reason: 'sample' | 'dedupe' | 'rateLimit';
  /** How many; at least 1. */
  suppressed: number;
  /** When the first and the last of them were logged, as ISO 8601. */
  first: string;
  last: string;
}

/** Published on `agent4:logging:level`: a level changed at run time, or a change that is over. */
export interface LevelEvent {
  pattern: string;
  level: string;
  action: 'changed' | 'undone';
  source: 'code' | 'signal' | 'http';
  /** When it ends by itself, in milliseconds since 1970. */
  until?: number;
}

/** Published on `agent4:logging:slow`: an operation took as long as its threshold, or longer. */
export interface SlowEvent {
  /** The logger's name. */
  logger: string;
  operation: string;
  /** Milliseconds. */
  durationMs: number;
  /** The threshold, in milliseconds. */
  slowMs: number;
  outcome: 'ok' | 'error';
}

const slow = channel('agent4:logging:slow');
const drops = channel('agent4:logging:drop');
const failures = channel('agent4:logging:failure');
const suppressed = channel('agent4:logging:suppress');
const levelChanges = channel('agent4:logging:level');

// A subscriber that throws surfaces on its own (diagnostics_channel rethrows in a later tick), not in the log call.
export const publishDrop = (event: DropEvent): void => {
  countDrop(event.destination, event.records, event.reason);
  if (drops.hasSubscribers) drops.publish(event);
};

export const publishSuppress = (event: SuppressEvent): void => {
  if (suppressed.hasSubscribers) suppressed.publish(event);
};

export const publishLevel = (event: LevelEvent): void => {
  if (levelChanges.hasSubscribers) levelChanges.publish(event);
};

const warned = new Set<string>();

export const publishFailure = (event: FailureEvent): void => {
  countFailure(event.source);
  if (failures.hasSubscribers) failures.publish(event);
  else if (!warned.has(event.source)) {
    warned.add(event.source);
    const text = errorText(event.error);
    process.emitWarning(`log records may be missing: ${event.source} failed: ${text}`, 'LoggingWarning');
  }
};

export const publishSlow = (event: SlowEvent): void => {
  if (slow.hasSubscribers) slow.publish(event);
};
