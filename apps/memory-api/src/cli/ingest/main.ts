import { failureOf, notReachable, printable, UsageError } from '../server/connection.ts';
import { checkRecords } from './check.ts';
import { ApiError, type ClientOptions, createClient } from './client.ts';
import { type Flags, HELP, parseFlags } from './flags.ts';
import { createProgress } from './progress.ts';
import { FileError, openRecords, type Source } from './reader.ts';
import { type Failure, runIngest, type Tally } from './run.ts';

export interface IngestContext extends Omit<ClientOptions, 'url'> {
  /** What follows the command. */
  argv: readonly string[];
  /** For `--user`. */
  defaultUser: string;
  /** For `--url`. */
  defaultUrl?: string | undefined;
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown; isTTY?: boolean | undefined; columns?: number | undefined };
  /** Aborts when somebody wants it to stop. */
  signal: AbortSignal;
}

/** 0 all there, 1 some records failed, 2 not done, 130 stopped. */
export type ExitCode = 0 | 1 | 2 | 130;

/** More lines about failures than this are no help; the summary has their number. */
const MAX_FAILURES_SHOWN = 100;

const summary = ({ added, existing, failed }: Tally): string =>
  `${added} added, ${existing} already there, ${failed} failed`;

/** The whole of `pnpm ingest`, with everything it touches handed in. */
export const ingest = async (context: IngestContext): Promise<ExitCode> => {
  const say = (text: string): void => {
    context.stderr.write(`ingest: ${text}\n`);
  };
  try {
    const flags = parseFlags(context.argv, context.defaultUser, context.defaultUrl);
    if (flags === 'help') {
      context.stdout.write(HELP);
      return 0;
    }
    const source = await openRecords(flags.file, { paragraphs: flags.paragraphs });
    try {
      return await (flags.dryRun ? dryRun : realRun)(context, flags, source, say);
    } finally {
      await source.close();
    }
  } catch (error) {
    if (error instanceof UsageError) say(`${error.message}\nSee --help.`);
    else if (error instanceof FileError) say(error.message);
    else throw error;
    return 2;
  }
};

type Say = (text: string) => void;

const noMemories = (flags: Flags, say: Say): ExitCode => {
  say(`${printable(flags.file)} holds no memories`);
  return 2;
};

const stopped = (say: Say): ExitCode => {
  say('stopped before anything was sent');
  return 130;
};

const failureLines = (write: Say): ((failure: Failure) => void) => {
  let count = 0;
  return ({ at, code, message }) => {
    count++;
    if (count <= MAX_FAILURES_SHOWN) write(`${at}: ${code}: ${printable(message)}`);
    else if (count === MAX_FAILURES_SHOWN + 1) write('further failures are only counted');
  };
};

const dryRun = async (context: IngestContext, flags: Flags, source: Source, say: Say): Promise<ExitCode> => {
  const { good, failed } = await checkRecords({
    items: source.items,
    userId: flags.user,
    app: flags.app,
    signal: context.signal,
    onFailure: failureLines((text) => context.stderr.write(`${text}\n`)),
  });
  if (context.signal.aborted) return stopped(say);
  if (good + failed === 0) return noMemories(flags, say);
  context.stdout.write(`dry run, nothing sent: ${good} to add, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
};

const realRun = async (context: IngestContext, flags: Flags, source: Source, say: Say): Promise<ExitCode> => {
  const { signal, clock, stderr, stdout } = context;
  const client = createClient({ ...context, url: flags.url });
  try {
    await client.connect(flags.user, signal);
  } catch (error) {
    if (signal.aborted) return stopped(say);
    say(connectProblem(flags, error));
    return 2;
  }

  const progress = createProgress({
    out: flags.progress ? stderr : { write: () => true },
    unit: source.unit,
    total: source.total,
    clock,
  });
  const line = (text: string): void => {
    if (flags.progress) progress.line(text);
    else stderr.write(`${text}\n`);
  };
  client.policy.on('retry', ({ error, delayMs }) => {
    const why = error instanceof ApiError ? error.code : failureOf(error);
    progress.waiting(`${why}, again in ${(delayMs / 1000).toFixed(1)} s`);
  });
  const result = await runIngest({
    items: source.items,
    client,
    userId: flags.user,
    app: flags.app,
    concurrency: flags.concurrency,
    signal,
    onSettled: ({ done }, tally) => progress.update(done, tally),
    onFailure: failureLines(line),
  }).finally(() => progress.end());

  const { tally } = result;
  if (result.end === 'finished') {
    if (tally.added + tally.existing + tally.failed === 0) return noMemories(flags, say);
    stdout.write(`${summary(tally)}\n`);
    return tally.failed === 0 ? 0 : 1;
  }
  stdout.write(`${summary(tally)}, not finished\n`);
  const resume = 'run the same command again to go on: nothing is added twice';
  if (result.end === 'stopped') {
    say(`stopped; ${resume}`);
    return 130;
  }
  const code = result.error instanceof ApiError ? result.error.code : failureOf(result.error);
  say(
    `the server at ${flags.url} fails (${code}: ${printable(result.error.message)}); when it is well, ${resume}`,
  );
  return 2;
};

const connectProblem = ({ url, user }: Flags, error: unknown): string => {
  if (!(error instanceof ApiError)) return notReachable(url, failureOf(error));
  const { status, code, message } = error;
  if (status === undefined) return notReachable(url, code);
  return `the server at ${url} does not take user "${printable(user)}" (${status} ${code}: ${message}); is this the memory API?`;
};
