import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { checkReadme } from '../../../scripts/readme-samples.ts';

const folder = fileURLToPath(new URL('..', import.meta.url));

it('runs every sample of the README and prints what it says', async () => {
  const { samples, problems } = await checkReadme(folder);
  expect(problems).toEqual([]);
  expect(samples).toBeGreaterThan(1);
}, 120_000);

it.each([
  ['docs/adaptive-concurrency.md', 2],
  ['docs/alerts.md', 2],
  ['docs/chaos.md', 1],
  ['docs/coalesce.md', 1],
  ['docs/deadline.md', 3],
  ['docs/events.md', 1],
  ['docs/fallback-chain.md', 1],
  ['docs/health.md', 2],
  ['docs/hedge.md', 1],
  ['docs/http.md', 1],
  ['docs/metrics.md', 2],
  ['docs/operations.md', 1],
  ['docs/rate-limit.md', 1],
  ['docs/testing.md', 1],
  ['docs/retry-budget.md', 1],
  ['docs/circuit-breaker.md', 2],
  ['docs/run-time.md', 3],
])(
  'runs the samples of %s and prints what it says',
  async (page, count) => {
    expect(await checkReadme(folder, page)).toEqual({ samples: count, problems: [] });
  },
  120_000,
);
