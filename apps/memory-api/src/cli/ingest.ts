import { ConfigError, readDefaultUserId, readServerUrl } from '../config.ts';
import { ingest } from './ingest/main.ts';

const stop = new AbortController();
// Once: a second Ctrl-C ends the process the usual way.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
// A reader such as `head` may leave early.
process.stdout.on('error', () => stop.abort());

try {
  process.exitCode = await ingest({
    argv: process.argv.slice(2),
    defaultUser: readDefaultUserId(),
    defaultUrl: readServerUrl(),
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stop.signal,
  });
} catch (error) {
  process.stderr.write(`ingest: ${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
