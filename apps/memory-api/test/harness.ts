import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configureLogging } from '@agent4/logging';
import type { LightMyRequestResponse } from 'fastify';
import { compose, type MemoryApi, type Parts } from '../src/compose.ts';
import { type Config, readConfig } from '../src/config.ts';

export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: LightMyRequestResponse['headers'];
  body: T;
}

export interface TestApi {
  api: MemoryApi;
  /** Every log line so far, parsed. */
  logs: () => Record<string, unknown>[];
  call: <T = Record<string, unknown>>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'PATCH',
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer<T>>;
  /** Adds a memory and answers its row. */
  add: (text: string, more?: Record<string, unknown>) => Promise<Row>;
  close: () => Promise<void>;
}

export interface Row {
  id: string;
  user_id: string;
  app_id: string;
  content: string;
  state: string;
  created_at: string;
  updated_at: string;
  archived_at: string | null;
  deleted_at: string | null;
  metadata_: Record<string, unknown>;
  vector: null;
}

/** The whole server on a folder of its own, without a port. */
export const startApi = async (
  options: { env?: Record<string, string>; parts?: Parts; configure?: (config: Config) => Config } = {},
): Promise<TestApi> => {
  const folder = mkdtempSync(join(tmpdir(), 'memory-api-'));
  let written = '';
  const restore = configureLogging({
    destination: {
      write: (text: string) => {
        written += text;
      },
    },
  });
  const config = readConfig({
    EMBEDDER: 'none',
    DATA_DIR: folder,
    DEFAULT_USER_ID: 'ada',
    LOG_LEVEL: 'debug',
    ...options.env,
  });
  const api = await compose(config, options.parts);

  const call: TestApi['call'] = async (method, url, body?: unknown, headers = {}) => {
    const answer = await api.app.inject({
      method,
      url,
      headers: { host: '127.0.0.1:8765', ...headers },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    const isJson = answer.headers['content-type']?.includes('json') === true;
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: (isJson ? answer.json() : answer.body) as never,
    };
  };
  return {
    api,
    call,
    logs: () =>
      written
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    add: async (text, more = {}) => {
      const { status, body } = await call<Row>('POST', '/api/v1/memories/', {
        user_id: 'ada',
        text,
        infer: false,
        ...more,
      });
      if (status !== 200) throw new Error(`adding answered ${status}: ${JSON.stringify(body)}`);
      return body;
    },
    close: async () => {
      await api.close();
      restore();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
