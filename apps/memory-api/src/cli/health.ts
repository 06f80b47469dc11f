import { parseArgs } from 'node:util';
import { checkHealth } from './health/check.ts';
import { DEFAULT_URL, serverUrl } from './server/connection.ts';

const HELP = `Usage: pnpm --filter memory-api health [--url <address>]

Prints one line: whether the memory API is ready, and how each of its parts is.
  --url <address>   the server (default ${DEFAULT_URL})
Exit codes: 0 up or degraded, 1 down, 2 not reachable
`;

try {
  const { values } = parseArgs({
    options: { url: { type: 'string', default: DEFAULT_URL }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) process.stdout.write(HELP);
  else {
    const { line, exitCode } = await checkHealth({ url: serverUrl(values.url) });
    process.stdout.write(`${line}\n`);
    process.exitCode = exitCode;
  }
} catch (error) {
  process.stderr.write(`health: ${error instanceof Error ? error.message : String(error)}\nSee --help.\n`);
  process.exitCode = 2;
}
