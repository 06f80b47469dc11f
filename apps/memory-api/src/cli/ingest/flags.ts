import { parseArgs } from 'node:util';
import { appNameField, userIdField } from '../../contract/fields.ts';
import { DEFAULT_URL, printable, serverUrl, UsageError } from '../server/connection.ts';

export const HELP = `Usage: pnpm ingest <file> [options]

Adds the memories of a file to the memory API. Running it again adds nothing twice, so a run
that was stopped is resumed by the same command.

Files
  .json             an array of memories, or an object with one named memories, items, results or data
  .jsonl, .ndjson   a memory a line
  anything else     text: a memory a line; blank lines are skipped
  A memory is a string, or {text | content | memory, metadata?, app?, user_id?, id?}. With an id it is
  recognised by that, else by its text and metadata.

Options
  --url <address>      the server (default: HOST and PORT as the server reads them, else ${DEFAULT_URL})
  --user <id>          whose memories, where a record names nobody (default: DEFAULT_USER_ID, else "user")
  --app <name>         the app that adds them, where a record names none (default: ingest)
  --concurrency <n>    requests under way at once, 1 to 32 (default: 4)
  --paragraphs         of a text file: a memory is what stands between blank lines
  --dry-run            reads and checks the file, sends nothing
  --no-progress        no progress on stderr
  --help               this text

Exit codes: 0 all there, 1 some records failed, 2 not done (flags, file, server), 130 stopped by Ctrl-C
`;

export interface Flags {
  file: string;
  url: string;
  user: string;
  app: string;
  concurrency: number;
  paragraphs: boolean;
  dryRun: boolean;
  progress: boolean;
}

const OPTIONS = {
  url: { type: 'string' },
  user: { type: 'string' },
  app: { type: 'string', default: 'ingest' },
  concurrency: { type: 'string', default: '4' },
  paragraphs: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  'no-progress': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** @throws UsageError naming the flag, what it must be and what was given. */
export const parseFlags = (
  argv: readonly string[],
  defaultUser: string,
  defaultUrl: string = DEFAULT_URL,
): Flags | 'help' => {
  const { values, positionals } = parsed(argv);
  if (values.help) return 'help';
  const [file, ...more] = positionals;
  if (file === undefined || file === '') throw new UsageError('name a file: pnpm ingest <file>');
  if (more.length > 0)
    throw new UsageError(
      `one file at a time, got ${positionals.length}: ${printable(positionals.join(' '))}`,
    );
  const { concurrency } = values;
  if (!/^\d{1,2}$/.test(concurrency) || Number(concurrency) < 1 || Number(concurrency) > 32)
    throw new UsageError(
      `--concurrency must be a whole number from 1 to 32, got "${printable(concurrency)}"`,
    );
  return {
    file,
    url: serverUrl(values.url ?? defaultUrl),
    user: name('--user', userIdField, values.user ?? defaultUser),
    app: name('--app', appNameField, values.app),
    concurrency: Number(concurrency),
    paragraphs: values.paragraphs,
    dryRun: values['dry-run'],
    progress: !values['no-progress'],
  };
};

const parsed = (
  argv: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>> => {
  try {
    // pnpm hands on the `--` that npm would take away.
    const args = argv[0] === '--' ? argv.slice(1) : [...argv];
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(printable((error as Error).message));
  }
};

const name = (flag: string, field: typeof appNameField, value: string): string => {
  if (!field.safeParse(value).success)
    throw new UsageError(
      `${flag} must be 1 to 256 characters without control characters, got "${printable(value)}"`,
    );
  return value;
};
