// Express ships no types; this is the part of it that the tests use.
declare module 'express' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface Response extends ServerResponse {
    status(code: number): Response;
    json(body: unknown): void;
    send(body: string): void;
  }
  export type Handler = (
    request: IncomingMessage & { body?: unknown },
    response: Response,
    next: (error?: unknown) => void,
  ) => void;
  export interface App {
    (request: IncomingMessage, response: ServerResponse): void;
    use(...handlers: unknown[]): void;
    get(path: string | RegExp, handler: Handler): void;
    post(path: string, handler: Handler): void;
  }
  const express: (() => App) & { json(): Handler; Router(): App };
  export default express;
}
