// The few parts of `express` these tests use; the framework brings no types of its own.
declare module 'express' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

  export interface Request extends IncomingMessage {
    id?: string;
    baseUrl: string;
    route?: { path?: unknown };
  }
  export interface Response extends ServerResponse {
    send(body: string): this;
  }
  type Next = (error?: unknown) => void;
  type Handler = (request: Request, response: Response, next: Next) => unknown;
  type ErrorHandler = (error: unknown, request: Request, response: Response, next: Next) => unknown;
  interface Router {
    use(...handlers: (Handler | ErrorHandler | string)[]): this;
    get(path: string, handler: Handler): this;
    post(path: string, handler: Handler): this;
  }
  interface Express extends Router, RequestListener {}
  const express: { (): Express; json(): Handler; Router(): Handler & Router };
  export default express;
}
