import { Redis } from 'ioredis';
import pg from 'pg';

/** A client as an application would hold it: one call, and an end. */
export interface DrillClient {
  call(signal?: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}

export const redisClient = (url: string): DrillClient => {
  // Without its offline queue a command fails at once while there is no connection; the policies decide what then.
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 1_000,
    retryStrategy: () => 50,
  });
  redis.on('error', () => {});
  return {
    call: () => redis.incr('drill'),
    close: async () => redis.disconnect(),
  };
};

export const postgresClient = (url: string): DrillClient => {
  const pool = new pg.Pool({ connectionString: url, max: 8, connectionTimeoutMillis: 1_000 });
  pool.on('error', () => {});
  // A connection that breaks while it is out of the pool tells nobody else.
  pool.on('connect', (client) => void client.on('error', () => {}));
  return {
    call: async (signal) => {
      const client = await pool.connect();
      // A query that nobody waits for must not keep its connection out of the pool: it is closed.
      let released = false;
      const release = (broken?: Error): void => {
        if (released) return;
        released = true;
        signal?.removeEventListener('abort', giveUp);
        client.release(broken);
      };
      const giveUp = (): void => release(new Error('given up'));
      if (signal?.aborted) giveUp();
      signal?.throwIfAborted();
      signal?.addEventListener('abort', giveUp, { once: true });
      try {
        const answer = await client.query('select 1');
        release();
        return answer;
      } catch (error) {
        release(error as Error);
        throw error;
      }
    },
    close: () => pool.end(),
  };
};
