import { handleError } from '@agent4/errors';
import { appLogger, levelOnSignal } from '@agent4/logging';
import { compose, type MemoryApi } from './compose.ts';
import { type Config, readConfig } from './config.ts';
import { observeLevels } from './observe.ts';

/** A start that can not be: one line for the operator, no stack, exit code 1. */
const refuse = (error: unknown): never => {
  const { code, message } = error as { code?: string; message?: string };
  process.stderr.write(`${code ?? 'START_FAILED'}: ${message ?? String(error)}\n`);
  process.exit(1);
};

const listen = async ({ app }: MemoryApi, config: Config): Promise<string> => {
  try {
    return await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EADDRINUSE')
      throw Object.assign(
        new Error(
          `Port ${config.port} on ${config.host} is in use. Stop what listens there, or set PORT to another one (0 picks a free one).`,
        ),
        { code: 'PORT_IN_USE' },
      );
    throw error;
  }
};

const announce = (config: Config, address: string): void => {
  const user = encodeURIComponent(config.defaultUserId);
  process.stderr.write(`
Agent4 memory API is ready, memories in ${config.dataDir}
  REST     ${address}/api/v1
  MCP      ${address}/mcp/{client}/http/${user}
           ${address}/mcp/{client}/sse/${user}   (older clients)
  Docs     ${address}/docs
  Health   ${address}/health/ready
  Metrics  ${address}/metrics

`);
};

/** `close` cuts off what is not answered before that; this is for what hangs. Nothing acknowledged depends on it. */
const CLOSE_WITHIN_MS = 1_800;

const stopOn = (api: MemoryApi, signal: NodeJS.Signals): void => {
  process.once(signal, () => {
    appLogger.info('stopping', { signal });
    // A second signal ends at once, as by default.
    const late = setTimeout(() => {
      appLogger.error('stopped by force', { withinMs: CLOSE_WITHIN_MS });
      process.exit(1);
    }, CLOSE_WITHIN_MS).unref();
    api.close().then(
      () => {
        clearTimeout(late);
        appLogger.info('stopped');
        process.exitCode = 0;
      },
      (error: unknown) => {
        appLogger.error('stopping failed', { error: handleError(error).toLogRecord() });
        process.exit(1);
      },
    );
  });
};

/** Long enough to see a fault come again; an operator who forgets it fills no disk. */
const DEBUG_FOR_MS = 10 * 60_000;

const main = async (): Promise<void> => {
  const config = readConfig();
  observeLevels(appLogger);
  // Before all that takes time: without a listener this signal ends the process.
  levelOnSignal('SIGUSR2', 'debug', { forMs: DEBUG_FOR_MS });
  const api = await compose(config);
  try {
    const address = await listen(api, config);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) stopOn(api, signal);
    appLogger.info('ready', { address, pid: process.pid });
    announce(config, address);
  } catch (error) {
    await api.close();
    throw error;
  }
};

await main().catch(refuse);
