// The whole public surface of @agent4/errors/client. Nothing here needs Node: it runs in a browser, a worker, an app.
export { type Countdown, type CountdownOptions, countdown } from './client/countdown.ts';
export {
  type ErrorKind,
  type ErrorView,
  type ErrorViewOptions,
  toErrorView,
} from './client/error-view.ts';
export { type ReadErrorOptions, readError } from './client/read-error.ts';
export type { FieldViolation } from './field-violation.ts';
