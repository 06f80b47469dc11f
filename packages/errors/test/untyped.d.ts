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
declare module 'jsonwebtoken' {
  const jwt: {
    sign(payload: object, secret: string, options?: { expiresIn?: number; notBefore?: number }): string;
    verify(token: string, secret: string): unknown;
  };
  export = jwt;
}
declare module 'multer' {
  function multer(options: { limits: Record<string, number> }): { single(field: string): never };
  export = multer;
}
declare module 'opossum' {
  class CircuitBreaker {
    constructor(action: () => Promise<unknown>, options: Record<string, number>);
    fire(): Promise<unknown>;
    open(): void;
    shutdown(): void;
  }
  export = CircuitBreaker;
}
