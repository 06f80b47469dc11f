import { expect, it } from '@jest/globals';
import { fastifyLogging, httpLogging } from '../src/http.ts';
import {
  appLogger,
  CorrelationContext,
  configureLogging,
  createLogger,
  createPerformanceLogger,
} from '../src/index.ts';

it.each<[string, () => unknown, string]>([
  [
    'createLogger',
    () => createLogger({ name: 'x', foo: 1 } as never),
    'createLogger has no option "foo"; it knows name, level',
  ],
  [
    'createLogger, winston’s words',
    () => createLogger({ name: 'x', defaultMeta: {} } as never),
    '"defaultMeta"',
  ],
  [
    'no options',
    () => createLogger(undefined as never),
    'createLogger options must be an object, got undefined',
  ],
  [
    'createPerformanceLogger',
    () => createPerformanceLogger({ name: 'x', slow: 1 } as never),
    'createPerformanceLogger has no option "slow"; it knows name, level',
  ],
  [
    'limits',
    () => createLogger({ name: 'x', limits: { depth: 1 } as never }),
    'limits has no option "depth"; it knows maxDepth, maxKeys, maxStringLength, maxLineBytes',
  ],
  [
    'configureLogging',
    () => configureLogging({ level: 'debug', levl: 'debug' } as never),
    'configureLogging has no option "levl"; it knows level, levels, redact',
  ],
  [
    'configureLogging, redact',
    () => configureLogging({ redact: { path: ['a'] } as never }),
    'redact has no option "path"; it knows paths, keys, censor, patterns, audit',
  ],
  [
    'httpLogging',
    () => httpLogging({ headers: 'x-id' } as never),
    'httpLogging has no option "headers"; it knows logger, header, ignore, clock, generateId',
  ],
  [
    'fastifyLogging',
    () => fastifyLogging({ addHook: () => {} }, { headers: 'x-id' } as never, () => {}),
    'fastifyLogging has no option "headers"; it knows logger, header',
  ],
])('refuses an option it does not know: %s', (_name, make, message) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
  expect(appLogger.level).toBe('info');
});

it('fastify’s own options of register are not taken for the plugin’s', () => {
  const hooks: string[] = [];
  const app = { addHook: (name: string) => hooks.push(name) };
  fastifyLogging(app, { prefix: '/v1', logLevel: 'warn', header: 'x-id' } as never, () => {});
  expect(hooks).toEqual(['onRequest', 'preValidation', 'preHandler']);
});

const bare = Object.create(null) as never;
const none = 'an object without a text';

it.each<[string, () => unknown, string]>([
  ['createLogger', () => createLogger(null as never), 'createLogger options must be an object, got null'],
  [
    'configureLogging',
    () => configureLogging(null as never),
    'configureLogging options must be an object, got null',
  ],
  ['run', () => CorrelationContext.run(null as never, () => 1), 'fields must be an object, got null'],
  ['run', () => CorrelationContext.run('c' as never, () => 1), 'fields must be an object, got c'],
  [
    'correlationId',
    () => CorrelationContext.run({ correlationId: bare }, () => 1),
    `correlationId must be a non-empty string, got ${none}`,
  ],
  ['levels', () => configureLogging({ levels: null as never }), 'levels must be an object, got null'],
  [
    'level',
    () => configureLogging({ level: bare }),
    `level must be one of error, warn, info, http, verbose, debug, silly, got ${none}`,
  ],
  ['level', () => createLogger({ name: 'x', level: Symbol('l') as never }), 'debug, silly, got Symbol(l)'],
  ['name', () => createLogger({ name: bare }), `name must be a non-empty string, got ${none}`],
  ['clock', () => createLogger({ name: 'x', clock: bare }), `clock must be a function, got ${none}`],
  ['base', () => createLogger({ name: 'x', base: null as never }), 'base must be an object, got null'],
  [
    'destination',
    () => createLogger({ name: 'x', destination: bare }),
    `an object with write(text), got ${none}`,
  ],
  [
    'redact',
    () => createLogger({ name: 'x', redact: null as never }),
    'redact must be an object or false, got null',
  ],
  [
    'redact.paths',
    () => createLogger({ name: 'x', redact: { paths: [Symbol('p')] as never } }),
    `redact.paths must be an array of non-empty strings, got ${none}`,
  ],
  [
    'redact.censor',
    () => createLogger({ name: 'x', redact: { censor: bare } }),
    `redact.censor must be a string or a function, got ${none}`,
  ],
  [
    'limits',
    () => createLogger({ name: 'x', limits: { maxKeys: bare } }),
    `limits.maxKeys must be an integer >= 1, got ${none}`,
  ],
  ['slowMs', () => configureLogging({ slowMs: bare }), `slowMs must be a number >= 0, got ${none}`],
  ['header', () => httpLogging({ header: 5 as never }), 'header must be a header name, got 5'],
  [
    'silent',
    () => createLogger({ name: 'x', silent: 'no' as never }),
    'silent must be true or false, got no',
  ],
  [
    'transports',
    () => createLogger({ name: 'x', transports: [5] as never }),
    'transports must be winston transports, objects with log(info, next), got 5',
  ],
  [
    'configureLogging, transports',
    () => configureLogging({ transports: null as never }),
    'transports must be winston transports, objects with log(info, next), got null',
  ],
  ['run', () => CorrelationContext.run({}, undefined as never), 'fn must be a function, got undefined'],
  ['withLevel', () => CorrelationContext.withLevel('info', 5 as never), 'fn must be a function, got 5'],
  ['bind', () => CorrelationContext.bind('x' as never), 'fn must be a function, got x'],
  [
    'set',
    () => CorrelationContext.run({}, () => CorrelationContext.set(5 as never)),
    'fields must be an object, got 5',
  ],
  ['an empty text', () => createLogger({ name: '' }), "name must be a non-empty string, got ''"],
  ['an empty list', () => createLogger({ name: 'x', base: [] as never }), 'base must be an object, got []'],
  ['ignore', () => httpLogging({ ignore: bare }), `ignore must be a function, got ${none}`],
])(
  'refuses a wrong value naming option and value, though it may have no text: %s (%#)',
  (_name, make, message) => {
    expect(make).toThrow(message);
  },
);
