import type { ServerResponse } from 'node:http';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { SSEServerTransport } from '@modelcontextprotocol/server-legacy/sse';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Agent } from '../domain/agent-service.ts';
import { type AddressParams, agentOf } from './agent.ts';
import { mcpErrors, type ToPublicError } from './errors.ts';
import { hijack } from './hijack.ts';
import type { BuildServer } from './server.ts';
import type { StreamLimit } from './streams.ts';

const ADDRESS = '/mcp/:client/sse/:user';

/** What a client may leave unread before it is taken for dead. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** The SDK's transport writes on for ever to a client that stopped reading. */
class BoundedTransport extends SSEServerTransport {
  readonly #raw: ServerResponse;
  constructor(endpoint: string, raw: ServerResponse) {
    super(endpoint, raw);
    this.#raw = raw;
  }
  dropWhenStalled(): boolean {
    if (this.#raw.writableLength <= MAX_UNREAD_BYTES) return false;
    this.#raw.destroy();
    return true;
  }
  override async send(message: JSONRPCMessage): Promise<void> {
    if (!this.dropWhenStalled()) await super.send(message);
  }
}

interface Session {
  agent: Agent;
  transport: BoundedTransport;
}

interface SessionQuery {
  sessionId?: string;
  session_id?: string;
}

/**
 * The HTTP+SSE transport of 2024-11-05, at the addresses OpenMemory's clients have in their settings.
 * The session's id is a random UUID; a message must come with it and, where the address names them, from the same client and user.
 */
export const sseRoutes = (
  app: FastifyInstance,
  options: { build: BuildServer; publicError: ToPublicError; limit: StreamLimit; keepAliveMs: number },
): { close: () => Promise<void> } => {
  const { build, publicError, limit, keepAliveMs } = options;
  const sessions = new Map<string, Session>();

  const open = async (agent: Agent, raw: ServerResponse): Promise<void> => {
    const { app: client, userId } = agent;
    const endpoint = `/mcp/${encodeURIComponent(client)}/sse/${encodeURIComponent(userId)}/messages`;
    const transport = new BoundedTransport(endpoint, raw);
    const ping = setInterval(() => {
      if (!transport.dropWhenStalled()) raw.write(': ping\n\n');
    }, keepAliveMs).unref();
    raw.once('close', () => {
      clearInterval(ping);
      sessions.delete(transport.sessionId);
    });
    sessions.set(transport.sessionId, { agent, transport });
    raw.setHeader('x-accel-buffering', 'no');
    await build(agent).connect(transport);
  };

  app.get<{ Params: AddressParams }>(ADDRESS, { exposeHeadRoute: false }, async (request, reply) => {
    const agent = agentOf(request.params);
    const release = limit.take(agent.userId);
    const raw = hijack(reply);
    raw.once('close', release);
    try {
      if (raw.destroyed) release();
      else await open(agent, raw);
    } catch (error) {
      publicError(error);
      raw.destroy();
    }
  });

  const receive = async (
    reply: FastifyReply,
    { sessionId, session_id }: SessionQuery,
    body: unknown,
    sender?: Agent,
  ): Promise<FastifyReply> => {
    const session = sessions.get(sessionId ?? session_id ?? '');
    if (session === undefined) throw mcpErrors.SESSION_UNKNOWN();
    const { agent, transport } = session;
    if (sender !== undefined && (sender.userId !== agent.userId || sender.app !== agent.app))
      throw mcpErrors.SESSION_UNKNOWN();
    try {
      await transport.handleMessage(body);
    } catch (cause) {
      throw mcpErrors.MESSAGE_INVALID({}, { cause });
    }
    return reply.code(202).type('text/plain').send('Accepted');
  };

  app.post<{ Params: AddressParams; Querystring: SessionQuery }>(
    `${ADDRESS}/messages`,
    async ({ params, query, body }, reply) => receive(reply, query, body, agentOf(params)),
  );
  // OpenMemory's streams name this address; the session alone says who sends.
  app.post<{ Querystring: SessionQuery }>('/mcp/messages', async ({ query, body }, reply) =>
    receive(reply, query, body),
  );

  return {
    close: async () => {
      await Promise.all([...sessions.values()].map(({ transport }) => transport.close()));
    },
  };
};
