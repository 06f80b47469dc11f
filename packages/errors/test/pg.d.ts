// The few parts of `pg` these tests use; the driver brings no types of its own.
declare module 'pg' {
  export class Client {
    constructor(options: { connectionString: string | undefined });
    on(event: 'error', listener: (error: Error) => void): this;
    connect(): Promise<void>;
    end(): Promise<void>;
    query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  }
  const pg: { Client: typeof Client };
  export default pg;
}
