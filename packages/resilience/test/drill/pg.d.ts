// The few parts of `pg` that the drill uses; the driver brings no types of its own.
declare module 'pg' {
  export interface PoolClient {
    query(text: string): Promise<unknown>;
    release(broken?: Error): void;
    on(event: 'error', listener: (error: Error) => void): this;
  }
  export class Pool {
    constructor(options: { connectionString: string; max: number; connectionTimeoutMillis: number });
    on(event: 'connect', listener: (client: PoolClient) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    connect(): Promise<PoolClient>;
    end(): Promise<void>;
  }
  const pg: { Pool: typeof Pool };
  export default pg;
}
