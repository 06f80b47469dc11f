import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Totals {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numFailedTestSuites: number;
  numRuntimeErrorTestSuites: number;
}

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
      }),
    );
  }
}
