import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const run = promisify(execFile);
const minilm = new URL('../src/embedding/minilm.ts', import.meta.url).href;

/** Runs a program that makes an embedder and never closes it; resolves with its output once it has ended. */
async function outputOf(program: string): Promise<string> {
  const source = `import { createMiniLmEmbedder } from ${JSON.stringify(minilm)};
    const embedder = createMiniLmEmbedder();
    ${program}`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', source], {
    timeout: 15_000,
  });
  return stdout.trim();
}

it('a process ends by itself while the model is loading', async () => {
  expect(await outputOf('console.log(embedder.state().status);')).toBe('loading');
}, 20_000);

it('a process lives as long as a caller waits for the model or a vector, and then ends by itself', async () => {
  const program = `await embedder.settled();
    const [vector] = await embedder.embed(['x']);
    console.log(embedder.state().status, vector.length);`;
  expect(await outputOf(program)).toBe('ready 384');
}, 20_000);
