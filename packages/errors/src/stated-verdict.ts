import {
  type ErrorCategory,
  type ErrorFault,
  type ErrorSeverity,
  errorTable,
  isErrorStatus,
  isFault,
  isSafety,
  isSeverity,
  isStatusCode,
  type RetrySafety,
  type StatusCode,
} from './error-table.ts';
import { read } from './safe-read.ts';

/** What is said of one error. The three codes are set apart on purpose: none follows from another. */
export interface Verdict {
  readonly category: ErrorCategory;
  readonly statusCode: StatusCode;
  readonly httpStatus: number;
  readonly safety: RetrySafety;
  readonly severity: ErrorSeverity;
  readonly fault: ErrorFault;
  readonly afterMs?: number | undefined;
}

/** The verdict an object states beside its category: the category's, but for what it says otherwise and validly. */
export const statedVerdict = (value: unknown, category: ErrorCategory): Verdict => {
  const row = errorTable[category];
  const pick = <T>(key: string, is: (value: unknown) => value is T, otherwise: T): T => {
    const said = read(value, key);
    return is(said) ? said : otherwise;
  };
  const retryable = read(value, 'retryable');
  const usual = retryable === true && row.safety === 'never' ? 'idempotent-only' : row.safety;
  const safety = pick<RetrySafety>('safety', isSafety, usual);
  return {
    category,
    statusCode: pick<StatusCode>('statusCode', isStatusCode, row.statusCode),
    httpStatus: pick<number>('httpStatus', isErrorStatus, row.httpStatus),
    severity: pick<ErrorSeverity>('severity', isSeverity, row.severity),
    fault: pick<ErrorFault>('fault', isFault, row.fault),
    safety: retryable === false ? 'never' : safety,
  };
};
