import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { build } from 'esbuild';
import * as client from '../src/client.ts';

it('bundles for a browser, with nothing of Node and nothing of the rest of the package', async () => {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('../src/client.ts', import.meta.url))],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    metafile: true,
    logLevel: 'silent',
  });
  const text = result.outputFiles[0]?.text ?? '';
  expect(text).toContain('function');
  expect(text).not.toContain('node:');
  expect(text).not.toContain('process');
  const files = Object.keys(result.metafile.inputs).map((name) => name.replace(/^.*src\//, ''));
  expect(files.filter((name) => !name.startsWith('client')).sort()).toEqual([
    'public-text.ts',
    'safe-read.ts',
  ]);
});

it('exports these values and no others', () => {
  expect(Object.keys(client).sort()).toEqual(['countdown', 'readError', 'toErrorView']);
});
