import { readFileSync } from 'node:fs';
import { errorTable } from '@agent4/errors';
import { expect, it } from '@jest/globals';
import { domainErrors } from '../src/domain/errors.ts';
import { httpErrors } from '../src/http/errors.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const named = new Set(readme.match(/(?<=`)[A-Z][A-Z0-9]+(_[A-Z0-9]+)*(?=`)/g));

it.each([...Object.keys(domainErrors), ...Object.keys(httpErrors)])('tells what %s means', (code) => {
  expect(named).toContain(code);
});

it('names no code in its table that the server does not have', () => {
  const table = readme.slice(readme.indexOf('| code'), readme.indexOf("A search's `score`"));
  const known = new Set([
    ...Object.keys(domainErrors),
    ...Object.keys(httpErrors),
    ...Object.values(errorTable).map((row) => row.code),
  ]);
  for (const code of table.match(/(?<=`)[A-Z][A-Z0-9]+(_[A-Z0-9]+)*(?=`)/g)!) expect(known).toContain(code);
});
