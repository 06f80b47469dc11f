// Loaded before everything else in a child process: OpenTelemetry as its users set it up, winston's instrumentation included.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { type Context, context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import { WinstonInstrumentation } from '@opentelemetry/instrumentation-winston';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';

const storage = new AsyncLocalStorage<Context>();
context.setGlobalContextManager({
  active: () => storage.getStore() ?? ROOT_CONTEXT,
  with: (active, fn, self, ...args) => storage.run(active, () => Reflect.apply(fn, self, args)),
  bind: (_context, target) => target,
  enable() {
    return this;
  },
  disable() {
    return this;
  },
});

const exporter = new InMemoryLogRecordExporter();
logs.setGlobalLoggerProvider(
  new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] }),
);

const spanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
};

export interface Otel {
  instrument(): void;
  /** What the instrumentation's own transports got: body and trace. */
  exported(): Array<[body: unknown, traceId: string | undefined]>;
  inSpan(fn: () => void): void;
}

const otel: Otel = {
  instrument: () => {
    const instrumentation = new WinstonInstrumentation();
    const require = createRequire(import.meta.url);
    // It patches what is required after it, the one class that importers get as well; what was loaded before it, by hand.
    const isLoaded = require.resolve('winston') in require.cache;
    const winston = require('winston') as typeof import('winston');
    if (isLoaded) instrumentation.getModuleDefinitions()[0]!.files[0]!.patch(winston.Logger, '3');
  },
  exported: () =>
    exporter.getFinishedLogRecords().map((record) => [record.body, record.spanContext?.traceId]),
  inSpan: (fn) => context.with(trace.setSpan(context.active(), trace.wrapSpanContext(spanContext)), fn),
};
Object.assign(globalThis, { otel });
if (process.env.OTEL_EARLY !== 'no') otel.instrument();
