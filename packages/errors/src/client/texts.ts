/** What to say where the server said nothing that can be shown. By code, so that a translation replaces one by one. */
export const texts: Readonly<Record<string, string>> = {
  OFFLINE: 'You are offline. Check the connection and try again.',
  NETWORK_FAILED: 'The service cannot be reached.',
  TIMEOUT: 'The service took too long to answer.',
  CANCELLED: 'This was cancelled.',
  VALIDATION_FAILED: 'Something in the request is not valid.',
  AUTHENTICATION_REQUIRED: 'Please sign in and try again.',
  NOT_ALLOWED: 'This is not allowed.',
  NOT_FOUND: 'This was not found.',
  CONFLICT: 'This conflicts with what is stored.',
  RATE_LIMITED: 'Too many requests. Please wait a little.',
  UNAVAILABLE: 'The service is not available right now.',
};

/** The code to use where an answer has a status and nothing else we understand. */
export const codeOfStatus: ReadonlyMap<unknown, string> = new Map([
  [400, 'VALIDATION_FAILED'],
  [401, 'AUTHENTICATION_REQUIRED'],
  [403, 'NOT_ALLOWED'],
  [404, 'NOT_FOUND'],
  [408, 'TIMEOUT'],
  [409, 'CONFLICT'],
  [422, 'VALIDATION_FAILED'],
  [429, 'RATE_LIMITED'],
  [499, 'CANCELLED'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [504, 'TIMEOUT'],
]);

/** Statuses after which the same request may well go through. */
export const passing: ReadonlySet<unknown> = new Set([408, 425, 429, 502, 503, 504]);
