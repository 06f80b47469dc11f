import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import {
  type AuthInfo,
  createMcpHandler,
  isLegacyRequest,
  legacyStatelessFallback,
  type McpHandlerRequestOptions,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { FastifyInstance } from 'fastify';
import { isShallow } from '../contract/fields.ts';
import type { Agent } from '../domain/agent-service.ts';
import { type AddressParams, agentOf } from './agent.ts';
import { withDeadline } from './deadline.ts';
import { mcpErrors, type ToPublicError } from './errors.ts';
import { hijack } from './hijack.ts';
import type { InFlight } from './in-flight.ts';
import { rpcError } from './refusals.ts';
import type { BuildServer } from './server.ts';
import type { StreamLimit } from './streams.ts';

const ADDRESS = '/mcp/:client/http/:user';
/** A call with arguments of its own depth fits well. */
const MAX_MESSAGE_DEPTH = 64;
const BOTH_TYPES = 'application/json, text/event-stream';

/** The SDK hands its factory only this object of ours; who calls travels in `extra`. */
const identify = (agent: Agent): AuthInfo => ({
  token: '',
  clientId: agent.app,
  scopes: [],
  extra: { agent },
});
const agentIn = (auth: AuthInfo | undefined): Agent => auth?.extra?.agent as Agent;

/** One that says nothing of what it accepts gets JSON. */
const takes = (request: Request, ...types: string[]): boolean => {
  const accept = request.headers.get('accept') ?? '*/*';
  return accept.split(',').some((range) => types.includes(range.split(';', 1)[0]!.trim().toLowerCase()));
};

/** The SDK refuses old clients that accept one of the two types, though it answers in one only. */
const acceptingBoth = ({ url, method, headers, signal }: Request): Request => {
  const both = new Headers(headers);
  both.set('accept', BOTH_TYPES);
  return new Request(url, { method, headers: both, signal });
};

const isListening = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'method' in body && body.method === 'subscriptions/listen';

/**
 * Streamable HTTP, all revisions on one address and without sessions.
 * Clients before 2026-07-28 get plain JSON as from OpenMemory; the SDK alone would send them a stream
 * and refuse those that accept JSON only.
 */
export const streamableRoutes = (
  app: FastifyInstance,
  options: {
    build: BuildServer;
    publicError: ToPublicError;
    limit: StreamLimit;
    inFlight: InFlight;
    keepAliveMs: number;
    exchangeMs: number;
  },
): { close: () => Promise<void> } => {
  const { build, publicError, limit, inFlight, keepAliveMs, exchangeMs } = options;
  const factory = ({ authInfo }: { authInfo?: AuthInfo }) => build(agentIn(authInfo));
  const modern = createMcpHandler(factory, { legacy: 'reject', keepAliveMs });
  const legacyStream = legacyStatelessFallback(factory);

  const legacyJson = async (request: Request, given: McpHandlerRequestOptions): Promise<Response> => {
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    const server = build(agentIn(given.authInfo));
    await server.connect(transport);
    try {
      // A call that is cancelled within its own batch is never answered, and neither is one whose client left.
      return await withDeadline(exchangeMs, request.signal, () => transport.handleRequest(request, given));
    } catch (error) {
      if (request.signal.aborted) return new Response(null, { status: 499 });
      const { message, ...data } = publicError(error);
      return Response.json(rpcError(-32000, message, data), { status: 504 });
    } finally {
      await server.close();
    }
  };

  const node = toNodeHandler(
    {
      fetch: async (request, given = {}) => {
        if (!(await isLegacyRequest(request, given.parsedBody))) return modern.fetch(request, given);
        if (takes(request, 'application/json', 'application/*', '*/*'))
          return legacyJson(acceptingBoth(request), given);
        if (takes(request, 'text/event-stream', 'text/*')) return legacyStream(acceptingBoth(request), given);
        const { message, ...data } = publicError(mcpErrors.NOT_ACCEPTABLE());
        return Response.json(rpcError(-32000, message, data), { status: 406 });
      },
    },
    { onerror: publicError },
  );

  app.post<{ Params: AddressParams }>(ADDRESS, async (request, reply) => {
    const agent = agentOf(request.params);
    // The SDK walks the message by recursion.
    if (!isShallow(request.body, MAX_MESSAGE_DEPTH)) throw mcpErrors.MESSAGE_INVALID();
    const listening = isListening(request.body);
    const release = listening ? limit.take(agent.userId) : undefined;
    const raw = hijack(reply);
    const closed = new Promise<void>((resolve) => raw.once('close', resolve));
    if (release === undefined) inFlight.add(closed);
    else closed.then(release);
    try {
      const message = Object.assign(request.raw, { auth: identify(agent) }) as NodeIncomingMessageLike;
      await node(message, raw, request.body);
    } catch (error) {
      const { message, ...data } = publicError(error);
      if (raw.headersSent) raw.destroy();
      else
        raw
          .writeHead(500, { 'content-type': 'application/json' })
          .end(JSON.stringify(rpcError(-32603, message, data)));
    }
  });

  // Before the body is read: a DELETE that says JSON and brings none is to hear 405 as well.
  app.route({
    method: ['GET', 'DELETE', 'PUT', 'PATCH'],
    url: ADDRESS,
    exposeHeadRoute: false,
    onRequest: async (_request, reply) => {
      const { message, ...data } = publicError(mcpErrors.METHOD_NOT_ALLOWED());
      return reply
        .code(405)
        .header('allow', 'POST')
        .send(rpcError(-32000, message, data));
    },
    handler: async () => undefined,
  });

  return { close: () => modern.close() };
};
