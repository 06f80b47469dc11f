// The few parts of libraries without types of their own that these tests use.
declare module 'http-errors' {
  function createError(status: number, text: string): Error;
  export = createError;
}
declare module 'better-sqlite3' {
  class Database {
    constructor(path: string, options?: { timeout?: number });
    exec(sql: string): this;
    close(): void;
  }
  export = Database;
}
