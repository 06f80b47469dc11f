import type { Server } from 'node:http';
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net';
import { classify } from '../src/index.ts';

/** What a call throws. */
export const errorOf = async (run: () => unknown): Promise<unknown> => {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

export type Verdict = [
  category: string,
  statusCode: string,
  httpStatus: number,
  safety: string,
  severity?: string,
];

export const verdictOf = async (run: () => unknown): Promise<Verdict> => {
  const { category, statusCode, httpStatus, retry, severity } = classify(await errorOf(run));
  return [category, statusCode, httpStatus, retry.safety, severity];
};

/** Listens on a free port of this machine. */
export const listen = async (server: Server | NetServer): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

/** A port where nobody listens any more. */
export const closedPort = async (): Promise<number> => {
  const gone = createServer();
  const port = await listen(gone);
  await new Promise((resolve) => gone.close(resolve));
  return port;
};

const external = 'EXTERNAL_SERVICE';
export const refused: Verdict = ['NETWORK', 'UNAVAILABLE', 503, 'not-sent', 'error'];
export const dropped: Verdict = ['NETWORK', 'UNAVAILABLE', 503, 'idempotent-only', 'error'];
export const late: Verdict = ['TIMEOUT', 'DEADLINE_EXCEEDED', 504, 'idempotent-only', 'error'];
export const cancelled: Verdict = ['CANCELLED', 'CANCELLED', 499, 'never', 'info'];
export const conflict: Verdict = ['CONFLICT', 'ALREADY_EXISTS', 409, 'never', 'error'];
export const rolledBack: Verdict = ['ABORTED', 'ABORTED', 409, 'always', 'error'];
/** A fault of our own statement. */
export const ours: Verdict = ['DATABASE', 'INTERNAL', 500, 'never', 'error'];
export const dangling: Verdict = ['CONFLICT', 'FAILED_PRECONDITION', 409, 'never', 'error'];
export const bad: Verdict = ['VALIDATION', 'INVALID_ARGUMENT', 400, 'never', 'error'];
/** What a dependency answered, by its status. */
export const answered: Record<
  '400' | '401' | '402' | '403' | '404' | '429' | '500' | '503' | '529',
  Verdict
> = {
  400: [external, 'INVALID_ARGUMENT', 500, 'never', 'error'],
  401: [external, 'UNAUTHENTICATED', 500, 'never', 'critical'],
  402: [external, 'RESOURCE_EXHAUSTED', 503, 'never', 'critical'],
  403: [external, 'PERMISSION_DENIED', 500, 'never', 'error'],
  404: [external, 'NOT_FOUND', 502, 'never', 'error'],
  429: [external, 'RESOURCE_EXHAUSTED', 503, 'not-sent', 'error'],
  500: [external, 'INTERNAL', 502, 'idempotent-only', 'error'],
  503: [external, 'UNAVAILABLE', 503, 'idempotent-only', 'error'],
  529: [external, 'UNAVAILABLE', 503, 'not-sent', 'error'],
};
