import type { StatusCode } from '../error-table.ts';
import { handleError } from '../handle-error.ts';
import { cleanLine } from '../public-text.ts';
import { isStructuredError, type StructuredError } from '../structured-error.ts';
import { fieldOf } from './field-path.ts';
import { detailType, statusNames } from './status-numbers.ts';

/** The JSON form of one google.rpc detail message. */
export type GrpcDetail =
  | { '@type': string; reason: string; domain: string; metadata: Record<string, string> }
  | { '@type': string; retryDelay: string }
  | { '@type': string; fieldViolations: { field: string; description: string; reason: string }[] }
  | { '@type': string; requestId: string };

/** google.rpc.Status as a plain object. */
export interface GrpcStatus {
  /** 1 to 16. */
  code: number;
  /** The public text. */
  message: string;
  /** ErrorInfo always; RetryInfo, BadRequest and RequestInfo where there is something to say. */
  details: GrpcDetail[];
}

export interface GrpcStatusOptions {
  /** Who gives the codes, for ErrorInfo: your service's name. Default 'agent4'. */
  domain?: string | undefined;
  /** The id to show. Default: the structured error's correlation id. */
  requestId?: string | undefined;
}

// What these say is true of our call to somebody else. Said to our own caller, it would be about their call to us.
const aboutCaller: ReadonlySet<StatusCode> = new Set<StatusCode>([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
]);

/**
 * The google.rpc.Status of an error, from public parts alone. A code that speaks of our own call to a dependency (its
 * refused password) becomes INTERNAL where the answer is a 5xx. A value not handled yet is handled.
 */
export const toGrpcStatus = (error: StructuredError, options: GrpcStatusOptions = {}): GrpcStatus => {
  const structured = isStructuredError(error) ? error : handleError(error);
  const { code: reason, category, status, message, retryable, retryAfterMs, violations } = structured.public;
  const { statusCode } = structured.classification;
  const name = status >= 500 && aboutCaller.has(statusCode) ? 'INTERNAL' : statusCode;
  const { domain = 'agent4', requestId = structured.correlationId } = options;
  const metadata = { category, retryable: String(retryable) };
  const details: GrpcDetail[] = [{ '@type': detailType('ErrorInfo'), reason, domain, metadata }];
  if (retryAfterMs !== undefined)
    details.push({ '@type': detailType('RetryInfo'), retryDelay: `${retryAfterMs / 1000}s` });
  if (violations.length > 0)
    details.push({
      '@type': detailType('BadRequest'),
      fieldViolations: violations.map((one) => ({
        field: fieldOf(one.path),
        description: one.message,
        reason: one.code,
      })),
    });
  if (requestId !== undefined && requestId !== '')
    details.push({ '@type': detailType('RequestInfo'), requestId: cleanLine(requestId, 128) });
  return { code: statusNames.indexOf(name), message, details };
};
