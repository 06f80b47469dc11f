// Start to ready and SIGINT to end of the built server: node memory-api/start.ts [rounds]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const rounds = Number(process.argv[2] ?? 5);
const main = fileURLToPath(new URL('../../apps/memory-api/dist/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'agent4-start-'));
const ready: number[] = [];
const stopped: number[] = [];

for (let round = 0; round < rounds; round++) {
  const begin = performance.now();
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, PORT: '0', DATA_DIR: folder, LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let printed = '';
    child.stderr.on('data', (chunk) => {
      printed += String(chunk);
      const address = /REST\s+(http\S+)\/api\/v1/.exec(printed);
      if (address) resolve(address[1]!);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${printed}`)));
  });
  const answer = await fetch(`${url}/api/v1/stats?user_id=user`);
  if (!answer.ok) throw new Error(`stats answered ${answer.status}`);
  ready.push(performance.now() - begin);

  const signalled = performance.now();
  child.removeAllListeners('exit');
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  await ended;
  stopped.push(performance.now() - signalled);
}
rmSync(folder, { recursive: true, force: true });

const line = (name: string, values: number[]): string =>
  `${name} ms: ${[...values]
    .sort((a, b) => a - b)
    .map((value) => value.toFixed(0))
    .join(' ')}`;
console.log(line('start to first answer', ready));
console.log(line('SIGINT to end', stopped));
