import type { McpServerUnderTest } from './mcp-server.ts';

/** A JSON-RPC request as its bytes go over the wire. */
export const rpc = (method: string, params: Record<string, unknown> = {}, id: number | string = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});

export const toolCall = (name: string, args: Record<string, unknown> = {}, id: number | string = 1) =>
  rpc('tools/call', { name, arguments: args }, id);

export interface Posted {
  status: number;
  headers: Headers;
  text: string;
  json: () => { result?: Record<string, unknown>; error?: Record<string, unknown>; id: unknown };
}

/** Posts a body as it is when it is a string, else as JSON. */
export const post = async (
  url: URL,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Posted> => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) };
};

export interface EventStream {
  status: number;
  headers: Headers;
  /** The address its `endpoint` event names. */
  endpoint: URL;
  /** Reads until the text so far holds `part`; undefined when the stream ended before. */
  until: (part: string) => Promise<string | undefined>;
  /** Resolves when the stream is over, to how that came. */
  ended: Promise<'ended' | 'cut off'>;
  /** Leaves, as a client whose process ends. */
  leave: () => void;
}

/** Opens an SSE stream and waits for its `endpoint` event. */
export const openStream = async (
  server: McpServerUnderTest,
  names: { client?: string; user?: string } = {},
): Promise<EventStream> => {
  const leaving = new AbortController();
  const answer = await fetch(server.address('sse', names), { signal: leaving.signal });
  let text = '';
  let over = false;
  let wake = (): void => {};
  const ended = (async (): Promise<'ended' | 'cut off'> => {
    try {
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        wake();
      }
      return 'ended';
    } catch {
      return 'cut off';
    } finally {
      over = true;
      wake();
    }
  })();
  const until = async (part: string): Promise<string | undefined> => {
    while (!text.includes(part)) {
      if (over) return undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return text;
  };
  const first = await until('\n\n');
  const path = /event: endpoint\ndata: (.+)\n\n/.exec(first ?? '')?.[1];
  if (path === undefined) throw new Error(`no endpoint event, status ${answer.status}: ${text}`);
  return {
    status: answer.status,
    headers: answer.headers,
    endpoint: new URL(path, server.origin),
    until,
    ended,
    leave: () => leaving.abort(),
  };
};
