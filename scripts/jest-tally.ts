import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

interface TestFile {
  testFilePath: string;
  /** Set when the file itself could not be loaded. */
  testExecError?: unknown;
  failureMessage?: string | null;
  testResults: { status: string; fullName: string; failureMessages: string[] }[];
}

interface Totals {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: TestFile[];
}

const start = (message: string): string =>
  stripVTControlCharacters(message).split('\n').slice(0, 12).join('\n    ');

/** Where, what and why, of each test that failed: what a reader of the log's end needs. */
const failuresIn = ({ testFilePath, testExecError, failureMessage, testResults }: TestFile): string[] => {
  const file = relative(process.cwd(), testFilePath);
  const unloaded = testExecError ? [`${file}\n    ${start(failureMessage ?? 'could not be loaded')}`] : [];
  const failed = testResults.filter(({ status }) => status === 'failed');
  return [
    ...unloaded,
    ...failed.map(
      ({ fullName, failureMessages }) => `${file}: ${fullName}\n    ${start(failureMessages.join('\n'))}`,
    ),
  ];
};

/** A jest reporter that leaves this package's counts in TALLY_DIR, where `scripts/test.ts` sums them. */
export default class JestTally {
  private readonly name: string;
  constructor(_config: unknown, options: { name: string }) {
    this.name = options.name;
  }
  onRunComplete(_contexts: unknown, results: Totals): void {
    const folder = process.env['TALLY_DIR'];
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, `${this.name.replaceAll('/', '-')}.json`),
      JSON.stringify({
        name: this.name,
        passed: results.numPassedTests,
        // A file that could not be loaded ran no test, but it is no success.
        failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
        skipped: results.numPendingTests,
        failures: results.testResults.flatMap(failuresIn),
      }),
    );
  }
}
