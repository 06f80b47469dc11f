import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { checkReadme } from '../../scripts/readme-samples.ts';

it('runs every sample of docs/contracts.md and prints what it says', async () => {
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const { samples, problems } = await checkReadme(folder, '../docs/contracts.md');
  expect(problems).toEqual([]);
  expect(samples).toBe(6);
}, 120_000);
