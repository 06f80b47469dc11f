import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Anthropic from '@anthropic-ai/sdk';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import Stripe from 'stripe';
import { classify } from '../src/index.ts';
import {
  answered,
  cancelled,
  closedPort,
  dropped,
  errorOf,
  late,
  listen,
  refused,
  type Verdict,
  verdictOf,
} from './real-servers.ts';

// The SDKs themselves, against a server on this machine that answers as their services do.
const quota: Verdict = ['EXTERNAL_SERVICE', 'RESOURCE_EXHAUSTED', 503, 'never', 'critical'];

/** The path says what to answer: `/429/insufficient_quota`. */
const server = createServer((request, response) => {
  const [, status = '', code] = (request.url ?? '').split('/');
  if (status === 'hang') return;
  const aws = request.headers['amz-sdk-invocation-id'] !== undefined;
  response.writeHead(Number(status), {
    'content-type': aws ? 'text/xml' : 'application/json',
    ...(status === '429' ? { 'retry-after': '2' } : {}),
  });
  const message = 'told by the service';
  response.end(
    aws
      ? `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
      : JSON.stringify({ type: 'error', error: { type: code, code, message } }),
  );
});
let base: string;
let closed: number;
beforeAll(async () => {
  base = `http://127.0.0.1:${await listen(server)}`;
  closed = await closedPort();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const openai = (url: string) => new OpenAI({ apiKey: 'key', baseURL: url, maxRetries: 0 }).models.list();
const anthropic = (url: string) =>
  new Anthropic({ apiKey: 'key', baseURL: url, maxRetries: 0 }).models.list();

describe.each([
  ['OpenAI', openai],
  ['Anthropic', anthropic],
] as const)('%s', (_, call) => {
  it.each(['400', '401', '403', '404', '429', '500', '503'] as const)('an answer of %s', async (status) => {
    expect(await verdictOf(() => call(`${base}/${status}/some_code`))).toEqual(answered[status]);
  });

  it('a limit comes with its wait', async () => {
    expect(classify(await errorOf(() => call(`${base}/429/slow`))).retry.afterMs).toBe(2000);
  });
});

it('OpenAI’s used-up quota does not come back by waiting; Anthropic’s overload does', async () => {
  expect(await verdictOf(() => openai(`${base}/429/insufficient_quota`))).toEqual(quota);
  expect(await verdictOf(() => anthropic(`${base}/529/overloaded_error`))).toEqual(answered[529]);
});

describe('Stripe', () => {
  const call = (path: string, port = Number(new URL(base).port)) =>
    new Stripe('sk_test_x', {
      host: '127.0.0.1',
      port,
      protocol: 'http',
      maxNetworkRetries: 0,
      telemetry: false,
      timeout: 100,
    }).rawRequest('GET', path);

  it.each(['400', '401', '402', '403', '404', '429', '500', '503'] as const)(
    'an answer of %s',
    async (status) => {
      const type = status === '402' ? 'card_error' : 'invalid_request_error';
      expect(await verdictOf(() => call(`/${status}/${type}`))).toEqual(answered[status]);
    },
  );

  it('no answer in time and a closed port are the network’s', async () => {
    expect(await verdictOf(() => call('/hang'))).toEqual(dropped);
    expect(await verdictOf(() => call('/', closed))).toEqual(dropped);
  });
});

describe('AWS', () => {
  const call = (endpoint: string) =>
    new STSClient({
      region: 'eu-west-1',
      endpoint,
      maxAttempts: 1,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    }).send(new GetCallerIdentityCommand({}));

  it.each<[string, string, Verdict]>([
    ['throttling, which is a 400', '400/Throttling', answered[429]],
    ['a session that has expired', '403/ExpiredToken', answered[401]],
    ['a key nobody knows', '403/InvalidClientTokenId', answered[401]],
    ['no permission', '403/AccessDenied', answered[403]],
    ['its own failure', '500/InternalFailure', answered[500]],
    ['being down', '503/ServiceUnavailable', answered[503]],
  ])('%s', async (_name, path, expected) => {
    expect(await verdictOf(() => call(`${base}/${path}`))).toEqual(expected);
  });
});

it('no answer in time, a call given up and a closed port are told apart through every SDK', async () => {
  const script = fileURLToPath(new URL('sdk-network-failures.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', script]);
  const ways = { late, cancelled, refused };
  expect(JSON.parse(stdout)).toEqual({ openai: ways, anthropic: ways, aws: ways });
}, 30_000);
