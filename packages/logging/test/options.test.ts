import { expect, it } from '@jest/globals';
import { fastifyLogging, httpLogging } from '../src/http.ts';
import { appLogger, configureLogging, createLogger, createPerformanceLogger } from '../src/index.ts';

it.each<[string, () => unknown, string]>([
  [
    'createLogger',
    () => createLogger({ name: 'x', foo: 1 } as never),
    'createLogger has no option "foo"; it knows name, level, transports, redact, base, destination, limits, clock, format, silent',
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
    'configureLogging has no option "levl"; it knows level, levels, redact, base, destination, transports, slowMs',
  ],
  [
    'configureLogging, redact',
    () => configureLogging({ redact: { path: ['a'] } as never }),
    'redact has no option "path"; it knows paths, keys, censor',
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
