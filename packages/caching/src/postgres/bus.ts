import { createHash } from 'node:crypto';
import type { Bus, BusListener } from '../bus/bus.ts';
import { describe } from '../describe.ts';

/** A `pg` Pool or Client. */
export interface PostgresQueries {
  query(text: string, values?: unknown[]): Promise<unknown>;
}

/**
 * A `pg` Client of its own, connected. A listener of `notification` is given `{ channel, payload? }`, one of `error`
 * the error; one signature for all events, since the generic `on` of `@types/pg` fits no overloads.
 */
export interface PostgresListener extends PostgresQueries {
  on(event: 'notification' | 'error' | 'end', listener: (...args: never[]) => void): unknown;
  end(): Promise<unknown>;
}

interface Notification {
  channel: string;
  payload?: string | undefined;
}

const firstPauseMs = 100;
const longestPauseMs = 10_000;

/** A name PostgreSQL takes: at most 63 bytes, and the same for LISTEN and pg_notify. */
const nameOf = (channel: string): string =>
  `a4_${createHash('sha256').update(channel).digest('hex').slice(0, 32)}`;

/**
 * A bus over LISTEN and NOTIFY: `postgresBus({ pool, connect })`. Notifications are sent through `pool`; for listening
 * `connect` makes a connected client, again after each loss, with pauses from 100 ms to 10 s. No connection pooler that
 * shares sessions may stand in between. NOTIFY takes less than 8,000 bytes, so longer messages are split.
 * @throws TypeError when `pool` has no `query` or `connect` is no function.
 */
export function postgresBus(options: {
  pool: PostgresQueries;
  connect: () => Promise<PostgresListener>;
}): Bus {
  const { pool, connect } = options ?? {};
  if (typeof pool?.query !== 'function')
    throw new TypeError(`pool must be a pg Pool or Client, got ${describe(pool)}`);
  if (typeof connect !== 'function')
    throw new TypeError(
      `connect must be a function that makes a connected pg Client, got ${describe(connect)}`,
    );
  return {
    maxBytes: 7_900,
    async publish(channel, text) {
      await pool.query('SELECT pg_notify($1, $2)', [nameOf(channel), text]);
    },
    async subscribe(channel, listener) {
      const listening = new Listening(nameOf(channel), connect, listener);
      await listening.start();
      return () => listening.end();
    },
  };
}

/** One LISTEN that is made again after each loss. */
class Listening {
  readonly #name: string;
  readonly #connect: () => Promise<PostgresListener>;
  readonly #listener: BusListener;
  #client: PostgresListener | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = firstPauseMs;
  #ended = false;

  constructor(name: string, connect: () => Promise<PostgresListener>, listener: BusListener) {
    this.#name = name;
    this.#connect = connect;
    this.#listener = listener;
  }

  async start(): Promise<void> {
    const client = await this.#connect();
    if (this.#ended) {
      await client.end();
      return;
    }
    const lost = (error?: Error) => this.#lost(client, error);
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ channel, payload }: Notification) => {
      if (channel === this.#name) this.#listener.message(payload ?? '');
    });
    try {
      await client.query(`LISTEN ${this.#name}`);
    } catch (error) {
      void client.end().catch(() => {});
      throw error;
    }
    this.#client = client;
    this.#pauseMs = firstPauseMs;
  }

  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }

  #lost(client: PostgresListener, error: Error | undefined): void {
    if (this.#client !== client || this.#ended) return;
    this.#client = undefined;
    this.#listener.lost(error);
    void client.end().catch(() => {});
    this.#again();
  }

  #again(): void {
    this.#timer = setTimeout(() => {
      this.start().then(
        () => {
          if (!this.#ended) this.#listener.restored();
        },
        () => {
          if (!this.#ended) this.#again();
        },
      );
    }, this.#pauseMs);
    this.#timer.unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }
}
