import { channel } from 'node:diagnostics_channel';
import type { PathState } from './redact-paths.ts';

/** Published on `agent4:logging:redaction` with `redact: { audit: true }`: something was hidden. The value is never in it. */
export interface RedactionEvent {
  /** By its name, by its path, in a URL, in JSON kept as text, or by what it looks like. */
  readonly by: 'key' | 'path' | 'url' | 'json' | 'pattern';
  /** Of the field, of the parameter, of the member in the JSON, or the pattern's. `credentials` for a URL's `user:password@`. */
  readonly key: string;
  /** Where the field stands: `user.cards[0].cvv`. Undefined for what was found inside a text. */
  readonly path: string | undefined;
}

const redactions = channel('agent4:logging:redaction');
let publishing = false;

const publish = (event: RedactionEvent): void => {
  // What a listener logs is redacted too, and must not be told to it again.
  if (publishing || !redactions.hasSubscribers) return;
  publishing = true;
  try {
    redactions.publish(event);
  } finally {
    publishing = false;
  }
};

const joined = (path: string, key: string): string => {
  if (/^\d+$/.test(key)) return `${path}[${key}]`;
  if (!/^[^.[\]"']+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
};

interface Auditor {
  readonly root: PathState;
  censor(value: unknown, key: string): string | number | boolean | null;
  found(by: RedactionEvent['by'], key: string): void;
}

/** The walk with its path written down: a field is censored right behind the step to it. */
export const audited = (
  paths: PathState | undefined,
  isSecretKey: (key: string) => boolean,
  censor: Auditor['censor'],
): Auditor => {
  let last: { path: string; hit: boolean } | undefined;
  class AuditedState implements PathState {
    readonly #path: string;
    readonly #inner: PathState | undefined;
    readonly hit: boolean;

    constructor(path: string, inner: PathState | undefined) {
      this.#path = path;
      this.#inner = inner;
      this.hit = inner?.hit ?? false;
    }

    step(key: string): PathState {
      const inner = this.#inner?.step(key);
      const next = new AuditedState(joined(this.#path, key), inner);
      last = { path: next.#path, hit: next.hit };
      return next;
    }
  }
  return {
    root: new AuditedState('', paths),
    censor: (value, key) => {
      const at = last;
      publish({ by: at?.hit && !isSecretKey(key) ? 'path' : 'key', key, path: at?.path });
      return censor(value, key);
    },
    found: (by, key) => publish({ by, key, path: undefined }),
  };
};
