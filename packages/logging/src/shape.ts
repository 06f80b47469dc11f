import type { Destination } from './destination.ts';

/** How a line is laid out. All shapes are written by the same code; they differ in these texts and names alone. */
export interface Shape {
  /** Opens the line, up to the time. */
  readonly time: string;
  /** What stands behind the time's closing quote, for one level of one logger. */
  readonly head: (level: string, logger: string) => string;
  /** The key of the message, with the comma before it. */
  readonly message: string;
  /** Stands behind the message where fields have an object of their own; its last member needs no comma. */
  readonly open: (logger: string) => string;
  readonly close: string;
  /** Names that the line uses itself, where the fields are. */
  readonly reserved: ReadonlySet<string>;
  /** Other names for fields of the context; they stand at the top, before the message. */
  readonly rename: ReadonlyMap<string, string>;
  /** Whether the rest of the context stands before the message too. */
  readonly contextFirst: boolean;
  /** The value of a renamed field as its readers want it. */
  readonly value?: (name: string, value: unknown) => unknown;
  /** What draws a line for people, where lines of this shape are drawn for this destination. */
  readonly drawFor?: (destination: Destination) => ((line: string) => string) | undefined;
  /** Names for the parts of an error. */
  readonly error: { readonly name: string; readonly message: string; readonly stack: string };
  /** Where given, these parts of an error in the field `error` are fields of their own, with this before their names. */
  readonly exception?: string;
}

const names = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const plainError = { name: 'name', message: 'message', stack: 'stack' };
const nothing = (): string => '';

export const jsonShape: Shape = {
  time: '{"timestamp":"',
  head: (level, logger) => `","level":"${level}","logger":${logger}`,
  message: ',"message":',
  open: nothing,
  close: '}',
  reserved: names('timestamp level logger message fields'),
  rename: new Map(),
  contextFirst: true,
  error: plainError,
};

/** Elastic Common Schema: `@timestamp`, `log.level` and `message` first, as its logging libraries have it. */
export const ecsShape: Shape = {
  ...jsonShape,
  time: '{"@timestamp":"',
  head: (level) => `","log.level":"${level}"`,
  open: (logger) => `,"ecs.version":"8.11.0","log.logger":${logger}`,
  reserved: names('@timestamp log.level log.logger log message ecs.version ecs fields'),
  rename: new Map([
    ['traceId', 'trace.id'],
    ['spanId', 'span.id'],
    ['correlationId', 'http.request.id'],
  ]),
  error: { name: 'type', message: 'message', stack: 'stack_trace' },
};

/** OpenTelemetry's severity numbers, as its winston transport gives them; npm's other levels have their text alone. */
const severityNumbers: Readonly<Record<string, number>> = {
  emerg: 21,
  alert: 20,
  crit: 19,
  fatal: 21,
  error: 17,
  warning: 13,
  warn: 13,
  notice: 10,
  info: 9,
  http: 7,
  verbose: 6,
  debug: 5,
  trace: 1,
  silly: 1,
};

/** The log data model of OpenTelemetry in its snake_case JSON form, with trace ids at the top. */
export const otelShape: Shape = {
  ...jsonShape,
  head: (level) => {
    const number = Object.hasOwn(severityNumbers, level) ? severityNumbers[level] : 0;
    return `","severity_text":"${level.toUpperCase()}","severity_number":${number}`;
  },
  message: ',"body":',
  open: (logger) => `,"attributes":{"logger.name":${logger}`,
  close: '}}',
  reserved: names('logger.name fields'),
  rename: new Map([
    ['traceId', 'trace_id'],
    ['spanId', 'span_id'],
    ['traceFlags', 'trace_flags'],
  ]),
  contextFirst: false,
  error: { name: 'type', message: 'message', stack: 'stacktrace' },
  exception: 'exception.',
};

const googleSeverities: Readonly<Record<string, string>> = {
  emerg: 'EMERGENCY',
  alert: 'ALERT',
  crit: 'CRITICAL',
  fatal: 'CRITICAL',
  error: 'ERROR',
  warning: 'WARNING',
  warn: 'WARNING',
  notice: 'NOTICE',
  info: 'INFO',
};

const traceId = /^[0-9a-f]{32}$/;
const spanId = /^[0-9a-f]{16}$/;
const flags = /^[0-9a-f]{2}$/;
const matching = (value: unknown, pattern: RegExp): value is string =>
  typeof value === 'string' && pattern.test(value);

/** Google Cloud's structured logging. A trace is linked when its project is known: `projects/P/traces/ID`. */
const gcpShapeOf = (project: string | undefined): Shape => ({
  ...jsonShape,
  time: '{"time":"',
  head: (level, logger) => {
    const severity = Object.hasOwn(googleSeverities, level) ? googleSeverities[level] : 'DEBUG';
    return `","severity":"${severity}","logger":${logger}`;
  },
  reserved: names('time timestamp severity logger message fields'),
  rename: new Map([
    ['traceId', 'logging.googleapis.com/trace'],
    ['spanId', 'logging.googleapis.com/spanId'],
    ['traceFlags', 'logging.googleapis.com/trace_sampled'],
  ]),
  value: (name, value) => {
    if (name.endsWith('/trace') && project !== undefined && matching(value, traceId))
      return `projects/${project}/traces/${value}`;
    return name.endsWith('/trace_sampled') && matching(value, flags)
      ? Number.parseInt(value, 16) % 2 === 1
      : value;
  },
});

const gcpShapes = new Map<string | undefined, Shape>();
export const gcpShape = (project?: string): Shape => {
  const shape = gcpShapes.get(project) ?? gcpShapeOf(project);
  gcpShapes.set(project, shape);
  return shape;
};

/** Lambda knows TRACE, DEBUG, INFO, WARN, ERROR and FATAL, and filters by them; anything else would count as INFO. */
const lambdaLevels: Readonly<Record<string, string>> = {
  emerg: 'FATAL',
  alert: 'FATAL',
  crit: 'FATAL',
  fatal: 'FATAL',
  error: 'ERROR',
  warning: 'WARN',
  warn: 'WARN',
  notice: 'INFO',
  info: 'INFO',
  trace: 'TRACE',
  silly: 'TRACE',
};

/** The JSON of AWS Lambda's own logs. */
export const awsShape: Shape = {
  ...jsonShape,
  head: (level, logger) => {
    const shown = Object.hasOwn(lambdaLevels, level) ? lambdaLevels[level] : 'DEBUG';
    return `","level":"${shown}","logger":${logger}`;
  },
  rename: new Map([['correlationId', 'requestId']]),
};

/** Datadog reads a status by its first letters: `silly` would be a success, `http` info. */
const datadogStatuses = new Set('emerg alert crit error warn warning notice info debug'.split(' '));

/** Datadog's reserved attributes. Its ids are decimal, of a trace the lower 64 bits. */
export const datadogShape: Shape = {
  ...jsonShape,
  head: (level, logger) => {
    const status = level === 'fatal' ? 'critical' : datadogStatuses.has(level) ? level : 'debug';
    return `","status":"${status}","logger.name":${logger}`;
  },
  reserved: names('timestamp status logger.name logger message fields'),
  rename: new Map([
    ['traceId', 'dd.trace_id'],
    ['spanId', 'dd.span_id'],
  ]),
  value: (_name, value) =>
    matching(value, traceId) || matching(value, spanId) ? String(BigInt(`0x${value.slice(-16)}`)) : value,
  error: { name: 'kind', message: 'message', stack: 'stack' },
};
