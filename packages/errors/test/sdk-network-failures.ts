// Run by real-sdks.test.ts in a process of its own: jest's realm has another `Error` than Node's fetch and sockets, and
// the SDKs ask `instanceof Error` of what those throw. Prints a verdict for each call.
import { createServer } from 'node:http';
import Anthropic from '@anthropic-ai/sdk';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import OpenAI from 'openai';
import { closedPort, listen, verdictOf } from './real-servers.ts';

const server = createServer(() => {});
const silent = `http://127.0.0.1:${await listen(server)}`;
const closed = `http://127.0.0.1:${await closedPort()}`;
const signal = AbortSignal.abort();

const openai = (baseURL: string, timeout = 5000) =>
  new OpenAI({ apiKey: 'key', baseURL, timeout, maxRetries: 0 }).models;
const anthropic = (baseURL: string, timeout = 5000) =>
  new Anthropic({ apiKey: 'key', baseURL, timeout, maxRetries: 0 }).models;
const aws = (endpoint: string, abortSignal?: AbortSignal) =>
  new STSClient({
    region: 'eu-west-1',
    endpoint,
    maxAttempts: 1,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    requestHandler: { requestTimeout: 20, throwOnRequestTimeout: true },
  }).send(new GetCallerIdentityCommand({}), abortSignal ? { abortSignal } : {});

const calls = {
  openai: {
    late: () => openai(silent, 20).list(),
    cancelled: () => openai(silent).list({ signal }),
    refused: () => openai(closed).list(),
  },
  anthropic: {
    late: () => anthropic(silent, 20).list(),
    cancelled: () => anthropic(silent).list({}, { signal }),
    refused: () => anthropic(closed).list(),
  },
  aws: {
    late: () => aws(silent),
    cancelled: () => aws(silent, signal),
    refused: () => aws(closed),
  },
};
const verdicts: Record<string, Record<string, unknown>> = {};
for (const [sdk, ways] of Object.entries(calls)) {
  const found: Record<string, unknown> = {};
  for (const [way, run] of Object.entries(ways)) found[way] = await verdictOf(run);
  verdicts[sdk] = found;
}
console.log(JSON.stringify(verdicts));
server.closeAllConnections();
server.close();
