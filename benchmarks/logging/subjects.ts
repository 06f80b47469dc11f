import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { createWriteStream, type WriteStream, writeSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { bindings, type CaseName, deep, failure, flat, ids, inner, long, secret } from './cases.ts';

/** One library set up for one case: `call` logs one line to the file descriptor 1, `end` settles when all is out. */
export interface Ready {
  call: () => void;
  end: () => void | Promise<void>;
  /** Runs the whole of the work, for cases with an async context. */
  within?: (work: () => Promise<void>) => Promise<void>;
}
type Subject = (name: CaseName) => Promise<Ready | undefined>;

/** The calls of libraries that take `(message, fields)`. */
interface MessageFirst {
  info(message: string, fields?: object): unknown;
  debug(message: string, fields?: object): unknown;
  child(fields: object): MessageFirst;
}
/** The calls of libraries that take `(fields, message)`. */
interface FieldsFirst {
  info(fields: object | string, message?: string, ...args: unknown[]): unknown;
  debug(message: string): unknown;
  child(fields: object): FieldsFirst;
}

const messageFirst = (
  name: CaseName,
  log: MessageFirst,
  error: (log: MessageFirst) => void,
  interpolate?: () => void,
): (() => void) | undefined => {
  const child = log.child(bindings);
  const second = child.child(inner);
  const calls: Partial<Record<string, () => void>> = {
    basic: () => void log.info('hello world'),
    context: () => void log.info('hello world'),
    object: () => void log.info('request done', flat),
    child: () => void child.info('hello world'),
    'child of child': () => void second.info('hello world'),
    'child a call': () => void log.child(bindings).info('hello world'),
    redact: () => void log.info('login', secret),
    error: () => error(log),
    deep: () => void log.info('placed', deep),
    long: () => void log.info(long),
    disabled: () => void log.debug('hello world'),
    ...(interpolate ? { interpolation: interpolate } : {}),
  };
  return calls[name.split(',')[0] as string];
};

const fieldsFirst = (name: CaseName, log: FieldsFirst): (() => void) | undefined => {
  const child = log.child(bindings);
  const second = child.child(inner);
  const calls: Partial<Record<string, () => void>> = {
    basic: () => void log.info('hello world'),
    context: () => void log.info('hello world'),
    object: () => void log.info(flat, 'request done'),
    interpolation: () => void log.info('charged %d to %s', 42 as never, 'ann'),
    child: () => void child.info('hello world'),
    'child of child': () => void second.info('hello world'),
    'child a call': () => void log.child(bindings).info('hello world'),
    redact: () => void log.info(secret, 'login'),
    error: () => void log.info({ err: failure }, 'charge failed'),
    deep: () => void log.info(deep, 'placed'),
    long: () => void log.info(long),
    disabled: () => void log.debug('hello world'),
  };
  return calls[name.split(',')[0] as string];
};

const storage = new AsyncLocalStorage<typeof ids>();
const withinStorage = (work: () => Promise<void>): Promise<void> => storage.run(ids, work);
const inContext = (name: CaseName): Pick<Ready, 'within'> =>
  name === 'context' ? { within: withinStorage } : {};
const ready = (call: (() => void) | undefined, rest: Omit<Ready, 'call'>): Ready | undefined =>
  call && { call, ...rest };

const endOf = (stream: WriteStream) => async (): Promise<void> => {
  stream.end();
  await finished(stream);
};

const pinoWith =
  (options: { sync: boolean; minLength: number }): Subject =>
  async (name) => {
    const { pino } = await import('pino');
    const destination = pino.destination({ dest: 1, ...options });
    const log = pino(
      {
        ...(name === 'redact' ? { redact: ['user.password', 'token', 'list[*].key'] } : {}),
        ...(name === 'context' ? { mixin: () => storage.getStore() ?? {} } : {}),
      },
      destination,
    );
    return ready(fieldsFirst(name, log as unknown as FieldsFirst), {
      ...inContext(name),
      end: () =>
        options.sync
          ? destination.flushSync()
          : new Promise((resolve, reject) =>
              destination.flush((error) => (error ? reject(error) : resolve())),
            ),
    });
  };

const ours =
  (attach: boolean): Subject =>
  async (name) => {
    const { createLogger, CorrelationContext } = await import('@agent4/logging');
    const { default: winston } = await import('winston');
    const stream = attach ? createWriteStream('', { fd: 1 }) : undefined;
    const log = createLogger({
      name: 'bench',
      level: 'info',
      ...(stream ? { transports: new winston.transports.Stream({ stream }) } : {}),
      ...(name === 'redact' ? { redact: { paths: ['user.password', 'token', 'list[*].key'] } } : {}),
    });
    const call = messageFirst(
      name,
      log as unknown as MessageFirst,
      () => void log.info('charge failed', { err: failure }),
      () => void log.info('charged %d to %s', 42, 'ann'),
    );
    return ready(call, {
      ...(name === 'context' ? { within: (work) => CorrelationContext.run(ids, work) } : {}),
      end: async () => {
        await log.flush();
        if (stream) await endOf(stream)();
      },
    });
  };

const winstonStream: Subject = async (name) => {
  const { default: winston } = await import('winston');
  const { format } = winston;
  const stream = createWriteStream('', { fd: 1 });
  const log = winston.createLogger({
    format: format.combine(
      ...(name === 'context' ? [format((info) => Object.assign(info, storage.getStore()))()] : []),
      ...(name === 'redact'
        ? [
            format((info) => {
              const { user, list } = info as unknown as typeof secret;
              return Object.assign(info, {
                user: { ...user, password: '[Redacted]' },
                token: '[Redacted]',
                list: list.map((one) => ({ ...one, key: '[Redacted]' })),
              });
            })(),
          ]
        : []),
      ...(name === 'error' ? [format.errors({ stack: true, cause: true })] : []),
      ...(name === 'interpolation' ? [format.splat()] : []),
      format.timestamp(),
      format.json(),
    ),
    transports: [new winston.transports.Stream({ stream })],
  });
  const call = messageFirst(
    name,
    log as unknown as MessageFirst,
    () => void log.info(failure),
    () => void log.info('charged %d to %s', 42, 'ann'),
  );
  return ready(call, {
    ...inContext(name),
    end: async () => {
      log.end();
      await once(log, 'finish');
      await endOf(stream)();
    },
  });
};

const bunyan: Subject = async (name) => {
  const { default: library } = await import('bunyan');
  const stream = createWriteStream('', { fd: 1 });
  const log = library.createLogger({
    name: 'bench',
    stream,
    serializers: { err: library.stdSerializers.err },
  });
  // It has neither redaction nor a context of its own, and leaves an error's `cause` out.
  if (name === 'redact' || name === 'context' || name === 'error') return undefined;
  return ready(fieldsFirst(name, log as unknown as FieldsFirst), { end: endOf(stream) });
};

const logtape: Subject = async (name) => {
  const library = await import('@logtape/logtape');
  const stream = createWriteStream('', { fd: 1 });
  await library.configure({
    sinks: { main: (record) => void stream.write(library.jsonLinesFormatter(record)) },
    loggers: [
      { category: 'bench', sinks: ['main'], lowestLevel: 'info' },
      { category: ['logtape', 'meta'], sinks: [] },
    ],
    contextLocalStorage: new AsyncLocalStorage(),
  });
  const log = library.getLogger('bench');
  const asChild = (one: typeof log): MessageFirst => ({
    info: (message, fields) => one.info(message, fields as Record<string, unknown>),
    debug: (message) => one.debug(message),
    child: (fields) => asChild(one.with(fields as Record<string, unknown>)),
  });
  if (name === 'redact') return undefined;
  const call = messageFirst(
    name,
    asChild(log),
    () => void log.info('charge failed', { err: failure }),
    () => void log.info('charged {amount} to {name}', { amount: 42, name: 'ann' }),
  );
  return ready(name === 'disabled' ? () => void log.debug('hello world') : call, {
    ...(name === 'context' ? { within: (work) => library.withContext(ids, work) } : {}),
    end: endOf(stream),
  });
};

const tslog: Subject = async (name) => {
  const { Logger } = await import('tslog');
  const log = new Logger({
    type: 'json',
    minLevel: 'INFO',
    ...(name === 'redact' ? { mask: { keys: ['password', 'token', 'key'] } } : {}),
  } as never) as unknown as {
    info(...args: unknown[]): void;
    debug(...args: unknown[]): void;
    getSubLogger(settings: object): unknown;
    flush(): Promise<void>;
    runInContext?(fields: object, fn: () => Promise<void>): Promise<void>;
  };
  const asChild = (one: typeof log): MessageFirst => ({
    info: (message, fields) => (fields === undefined ? one.info(message) : one.info(message, fields)),
    debug: (message) => one.debug(message),
    child: (fields) => asChild(one.getSubLogger({ bindings: fields }) as typeof log),
  });
  if (name === 'interpolation') return undefined;
  const call = messageFirst(name, asChild(log), () => void log.info('charge failed', failure));
  return ready(name === 'disabled' ? () => void log.debug('hello world') : call, {
    ...(name === 'context' && log.runInContext
      ? { within: (work) => log.runInContext?.(ids, work) as Promise<void> }
      : {}),
    end: () => log.flush(),
  });
};

/** `JSON.stringify` and a write a line: what a line costs at least when nobody batches. */
const bare: Subject = async (name) =>
  name === 'basic' || name === 'basic, 1 a turn'
    ? {
        call: () =>
          void writeSync(1, `${JSON.stringify({ time: Date.now(), level: 30, msg: 'hello world' })}\n`),
        end: () => {},
      }
    : undefined;

export const subjects: Readonly<Record<string, Subject>> = {
  '@agent4/logging': ours(false),
  'pino sync': pinoWith({ sync: true, minLength: 0 }),
  'pino sync 4 KiB': pinoWith({ sync: true, minLength: 4096 }),
  'pino async': pinoWith({ sync: false, minLength: 0 }),
  'pino async 4 KiB': pinoWith({ sync: false, minLength: 4096 }),
  '@agent4/logging + winston Stream': ours(true),
  'winston Stream': winstonStream,
  bunyan,
  LogTape: logtape,
  tslog,
  'JSON.stringify + writeSync': bare,
};
