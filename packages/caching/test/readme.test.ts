import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { checkReadme } from '../../../scripts/readme-samples.ts';

it('runs every sample of the README and prints what it says', async () => {
  const { samples, problems } = await checkReadme(fileURLToPath(new URL('..', import.meta.url)));
  expect(problems).toEqual([]);
  expect(samples).toBeGreaterThan(1);
}, 120_000);

const folder = fileURLToPath(new URL('..', import.meta.url));

it.each(readdirSync(`${folder}docs`))(
  'runs every sample of docs/%s and prints what it says',
  async (page) => {
    const { samples, problems } = await checkReadme(folder, `docs/${page}`);
    expect(problems).toEqual([]);
    expect(samples).toBeGreaterThan(0);
  },
  120_000,
);
