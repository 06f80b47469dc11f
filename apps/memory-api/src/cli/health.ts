import { parseArgs } from 'node:util';
import { readServerUrl } from '../config.ts';
import { checkHealth } from './health/check.ts';
import { DEFAULT_URL, serverUrl } from './server/connection.ts';

const HELP = `Usage: pnpm health [--url <address>]

Prints one line: whether the memory API is ready, and how each of its parts is.
  --url <address>   the server (default: HOST and PORT as the server reads them, else ${DEFAULT_URL})
Exit codes: 0 up or degraded, 1 down, 2 not reachable
`;

try {
  const { values } = parseArgs({
    // pnpm hands on the `--` that npm would take away.
    args: process.argv.slice(process.argv[2] === '--' ? 3 : 2),
    options: { url: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) process.stdout.write(HELP);
  else {
    const { line, exitCode } = await checkHealth({ url: serverUrl(values.url ?? readServerUrl()) });
    process.stdout.write(`${line}\n`);
    process.exitCode = exitCode;
  }
} catch (error) {
  process.stderr.write(`health: ${error instanceof Error ? error.message : String(error)}\nSee --help.\n`);
  process.exitCode = 2;
}
