// Recall of evidence over real conversations: node memory-api/retrieval.ts <folder of conversations>
// Each file is ingested through REST, its answerable questions are asked through search; then the same
// database is asked by text alone and by vector alone. Nothing of the data is kept.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { searchTerms } from '../../apps/memory-api/src/domain/terms.ts';
import { createMiniLmEmbedder } from '../../apps/memory-api/src/embedding/minilm.ts';
import { createSqliteStore } from '../../apps/memory-api/src/storage/sqlite/store.ts';

interface Conversation {
  conversation: string;
  memories: { id: string; text: string }[];
  questions: { category: string; question: string; evidence: string[] }[];
}

const DEPTHS = [5, 10, 20] as const;
/** Recall@10 through REST; below it this program fails. */
const TARGET = 66;
const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: node memory-api/retrieval.ts <folder with conversation files (*.json)>');
  process.exit(2);
}
const conversations = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Conversation);
const answerable = (conversation: Conversation) =>
  conversation.questions.filter(
    ({ category, evidence }) => category !== 'adversarial' && evidence.length > 0,
  );

const main = fileURLToPath(new URL('../../apps/memory-api/dist/main.js', import.meta.url));
const dataDir = mkdtempSync(join(tmpdir(), 'agent4-retrieval-'));

const start = (): Promise<{ child: ChildProcess; url: string }> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'error' };
    const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let printed = '';
    child.stderr!.on('data', (chunk) => {
      printed += String(chunk);
      const address = /REST\s+(http\S+)\/api\/v1/.exec(printed);
      if (address) resolve({ child, url: address[1]! });
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${printed}`)));
  });

const { child, url } = await start();
const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
  const answer = await fetch(url + path, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
};

const inParallel = async <T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < items.length) await work(items[next++]!);
    }),
  );
};

type Ranking = string[];
interface Sums {
  questions: number;
  recall: Record<number, number>;
}
const sums = new Map<string, Sums>();
const score = (system: string, ranking: Ranking, evidence: readonly string[]): void => {
  const sum = sums.get(system) ?? { questions: 0, recall: {} };
  sum.questions++;
  for (const depth of DEPTHS) {
    const top = new Set(ranking.slice(0, depth));
    sum.recall[depth] =
      (sum.recall[depth] ?? 0) + evidence.filter((id) => top.has(id)).length / evidence.length;
  }
  sums.set(system, sum);
};

try {
  interface Ready {
    checks: Record<string, { status: string; message?: string }>;
  }
  const ready = (): Promise<Ready> => call<Ready>('GET', '/health/ready');
  const ingestStart = performance.now();
  let ingested = 0;
  for (const { conversation, memories } of conversations) {
    await call('POST', '/api/v1/users', { user_id: conversation });
    await inParallel(memories, 4, async ({ id, text }) => {
      await call('POST', '/api/v1/memories/', {
        user_id: conversation,
        text,
        infer: false,
        metadata: { turn: id },
      });
      ingested++;
    });
  }
  const seconds = (performance.now() - ingestStart) / 1000;
  console.log(
    `ingested ${ingested} memories through REST in ${seconds.toFixed(1)} s (${(ingested / seconds).toFixed(0)}/s)`,
  );
  for (let state = await ready(); state.checks['pending-embeddings']?.message !== '0'; state = await ready())
    await new Promise((resolve) => setTimeout(resolve, 500));

  const latencies: number[] = [];
  let degraded = 0;
  for (const conversation of conversations)
    for (const { question, evidence } of answerable(conversation)) {
      const begin = performance.now();
      const answer = await call<{ results: { metadata_: { turn: string } }[]; degraded: boolean }>(
        'POST',
        '/api/v1/memories/search',
        { user_id: conversation.conversation, query: question, limit: 20 },
      );
      latencies.push(performance.now() - begin);
      if (answer.degraded) degraded++;
      score(
        'fused, through REST',
        answer.results.map((result) => result.metadata_.turn),
        evidence,
      );
    }
  latencies.sort((one, other) => one - other);
  const at = (share: number): string => latencies[Math.floor((latencies.length - 1) * share)]!.toFixed(1);
  console.log(
    `search through REST: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms; degraded answers: ${degraded}`,
  );
} finally {
  child.removeAllListeners('exit');
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

const store = createSqliteStore({ folder: dataDir });
const embedder = createMiniLmEmbedder();
await embedder.settled();
for (const conversation of conversations) {
  const user = (await store.findUser(conversation.conversation))!;
  for (const { question, evidence } of answerable(conversation)) {
    const [values] = await embedder.embed([question]);
    const found = await store.search({
      filter: { userId: user.id, states: ['active'], activeAppsOnly: true },
      terms: searchTerms(question),
      vector: { embedder: embedder.id, values: values! },
      candidates: 100,
    });
    const turns = async (ids: { id: string }[]): Promise<Ranking> =>
      (await store.getMemories(ids.slice(0, 20).map(({ id }) => id))).map((memory) =>
        String(memory.metadata.turn),
      );
    score('text only', await turns(found.text), evidence);
    score('vector only', await turns(found.vector), evidence);
  }
}
await embedder.close();
await store.close();
rmSync(dataDir, { recursive: true, force: true });

console.log(
  `\nrecall of evidence in %, ${sums.get('text only')!.questions} answerable questions of ${conversations.length} conversations`,
);
console.log(`${'system'.padEnd(22)}${DEPTHS.map((depth) => `@${depth}`.padStart(8)).join('')}`);
for (const [system, { questions, recall }] of sums)
  console.log(
    `${system.padEnd(22)}${DEPTHS.map((depth) => ((100 * recall[depth]!) / questions).toFixed(1).padStart(8)).join('')}`,
  );

const fused = sums.get('fused, through REST')!;
const at10 = (100 * fused.recall[10]!) / fused.questions;
if (at10 < TARGET) {
  console.error(`recall@10 is ${at10.toFixed(1)}, below ${TARGET}`);
  process.exitCode = 1;
}
