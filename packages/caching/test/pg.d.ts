// pg has no types of its own; this is what the tests use of it.
declare module 'pg' {
  import type { PostgresListener, PostgresQueries } from '../src/postgres.ts';

  const pg: {
    Client: new (options: object) => PostgresListener & { connect(): Promise<void> };
    Pool: new (
      options: object,
    ) => PostgresQueries & { end(): Promise<void>; on(event: 'error', listener: () => void): void };
  };
  export default pg;
}
