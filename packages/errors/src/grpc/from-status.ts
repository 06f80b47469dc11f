import type { AppError, AppErrorOptions } from '../app-error.ts';
import { classOf } from '../error-classes.ts';
import { type ErrorCategory, isErrorCategory, isPublicCode, type StatusCode } from '../error-table.ts';
import type { FieldViolation } from '../field-violation.ts';
import { retryAfterOf } from '../retry-after.ts';
import { isObject, read, readList, readString } from '../safe-read.ts';
import { violation } from '../violations.ts';
import { pointerOf } from './field-path.ts';
import { detailType, statusNames } from './status-numbers.ts';

const categories: Readonly<Record<StatusCode | 'OK', ErrorCategory>> = {
  OK: 'UNKNOWN',
  CANCELLED: 'CANCELLED',
  UNKNOWN: 'UNKNOWN',
  INVALID_ARGUMENT: 'VALIDATION',
  DEADLINE_EXCEEDED: 'TIMEOUT',
  NOT_FOUND: 'NOT_FOUND',
  ALREADY_EXISTS: 'CONFLICT',
  PERMISSION_DENIED: 'AUTHORIZATION',
  RESOURCE_EXHAUSTED: 'RATE_LIMIT',
  FAILED_PRECONDITION: 'PRECONDITION',
  ABORTED: 'ABORTED',
  OUT_OF_RANGE: 'VALIDATION',
  UNIMPLEMENTED: 'UNIMPLEMENTED',
  INTERNAL: 'INTERNAL',
  UNAVAILABLE: 'UNAVAILABLE',
  DATA_LOSS: 'DATA_LOSS',
  UNAUTHENTICATED: 'AUTHENTICATION',
};

const violationsIn = (detail: unknown): FieldViolation[] =>
  readList(read(detail, 'fieldViolations'), 100).map((one) => {
    const reason = readString(one, 'reason', 64);
    return violation(
      pointerOf(readString(one, 'field', 512) ?? ''),
      isPublicCode(reason) ? reason : 'INVALID',
    );
  });

/**
 * The error a google.rpc.Status (or a client's error with `code` and `details`) tells of, for the side that received it.
 * Any value is taken. The sender's text goes into `message`, for logs: passing it on shows our own words. A packed
 * `grpc-status-details-bin` is not unpacked; hand in the decoded status.
 */
export const fromGrpcStatus = (error: unknown): AppError => {
  const number = read(error, 'code');
  const name = (Number.isInteger(number) ? statusNames[number as number] : undefined) ?? 'UNKNOWN';
  const list = readList(read(error, 'details'), 16);
  const find = (type: string): unknown =>
    list.find((one) => readString(one, '@type', 128) === detailType(type));
  const info = find('ErrorInfo');
  const stated = read(read(info, 'metadata'), 'category');
  const category = isErrorCategory(stated) ? stated : categories[name];
  const said = read(read(info, 'metadata'), 'retryable');
  const code = readString(info, 'reason', 64);
  const requestId = readString(find('RequestInfo'), 'requestId', 512);
  const domain = readString(info, 'domain', 128);
  const text = readString(error, 'message') ?? readString(error, 'details') ?? name;
  return new classOf[category](text, {
    category,
    code: isPublicCode(code) ? code : undefined,
    retryable: said === 'true' ? true : said === 'false' ? false : undefined,
    retryAfterMs: retryAfterOf({ details: list }, Date.now, 3_600_000),
    violations: violationsIn(find('BadRequest')),
    details: { grpcStatus: name, ...(domain && { domain }), ...(requestId && { requestId }) },
    ...(isObject(error) && readString(error, 'stack', 1) !== undefined ? { cause: error } : {}),
  } as AppErrorOptions);
};
