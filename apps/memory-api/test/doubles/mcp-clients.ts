import {
  Client as ClientV2,
  SSEClientTransport as SseV2,
  StreamableHTTPClientTransport as StreamableV2,
} from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as SseV1 } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as StreamableV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as TransportV1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { McpServerUnderTest } from './mcp-server.ts';

export interface ToolAnswer {
  text: string;
  structured: unknown;
  isError: boolean;
}

/** What all official clients can do, under one shape. */
export interface TestClient {
  tools: () => Promise<{ name: string }[]>;
  call: (name: string, args?: Record<string, unknown>) => Promise<ToolAnswer>;
  instructions: () => string | undefined;
  protocolVersion: () => string | undefined;
  close: () => Promise<void>;
}

export type Connect = (server: McpServerUnderTest, user?: string) => Promise<TestClient>;

const INFO = { name: 'claims', version: '1.0.0' };

const toAnswer = (result: unknown): ToolAnswer => {
  const { content, structuredContent, isError } = result as {
    content: { type: string; text: string }[];
    structuredContent?: unknown;
    isError?: boolean;
  };
  return {
    text: content.map(({ text }) => text).join('\n'),
    structured: structuredContent,
    isError: isError === true,
  };
};

const connectV1 =
  (kind: 'http' | 'sse'): Connect =>
  async (server, user = 'ada') => {
    const url = server.address(kind, { user });
    const transport = kind === 'sse' ? new SseV1(url) : new StreamableV1(url);
    const client = new ClientV1(INFO);
    // SSE does not tell which revision was agreed on; the client itself hands it to its transport.
    let version: string | undefined;
    const tell = transport.setProtocolVersion.bind(transport);
    transport.setProtocolVersion = (agreed) => {
      version = agreed;
      tell(agreed);
    };
    // SDK v1 declares its own transports without exactOptionalPropertyTypes in mind.
    await client.connect(transport as TransportV1);
    return {
      tools: async () => (await client.listTools()).tools,
      call: async (name, args = {}) => toAnswer(await client.callTool({ name, arguments: args })),
      instructions: () => client.getInstructions(),
      protocolVersion: () => version,
      close: () => client.close(),
    };
  };

const connectV2 =
  (kind: 'http' | 'sse', negotiation?: 'auto'): Connect =>
  async (server, user = 'ada') => {
    const url = server.address(kind, { user });
    const transport = kind === 'sse' ? new SseV2(url) : new StreamableV2(url);
    const client = new ClientV2(INFO, negotiation && { versionNegotiation: { mode: negotiation } });
    await client.connect(transport);
    return {
      tools: async () => (await client.listTools()).tools,
      call: async (name, args = {}) => toAnswer(await client.callTool({ name, arguments: args })),
      instructions: () => client.getInstructions(),
      protocolVersion: () => client.getNegotiatedProtocolVersion(),
      close: () => client.close(),
    };
  };

/** Every official client and transport there is, with the revision it must end up with. */
export const CLIENTS: readonly (readonly [name: string, connect: Connect, revision: string])[] = [
  ['SDK v1 over Streamable HTTP', connectV1('http'), '2025-11-25'],
  ['SDK v1 over SSE', connectV1('sse'), '2025-11-25'],
  ['SDK v2 over Streamable HTTP', connectV2('http'), '2025-11-25'],
  ['SDK v2 over Streamable HTTP, newest revision', connectV2('http', 'auto'), '2026-07-28'],
  ['SDK v2 over SSE', connectV2('sse'), '2025-11-25'],
  ['SDK v2 over SSE, newest revision asked', connectV2('sse', 'auto'), '2025-11-25'],
];
