import type { FastifyPluginAsync } from 'fastify';
import type { AgentService } from '../domain/agent-service.ts';
import { requireWholeNumber } from '../domain/whole-number.ts';
import { createCallGuard } from './call-guard.ts';
import { neverThrowing, type ToPublicError } from './errors.ts';
import { createInFlight } from './in-flight.ts';
import { answerRefusals } from './refusals.ts';
import { createServerBuilder } from './server.ts';
import { sseRoutes } from './sse.ts';
import { streamableRoutes } from './streamable.ts';
import { createStreamLimit } from './streams.ts';

export interface McpOptions {
  agents: AgentService;
  version: string;
  /** Asked once for each failure, so it is also the place to report it. */
  publicError: ToPublicError;
  /** Streams one user may hold open at a time. Default 16; a further one is answered with 429. */
  maxStreamsPerUser?: number | undefined;
  /** How often a silent stream says that it is alive. Default 15_000. */
  keepAliveMs?: number | undefined;
  /** What one tool call may take before it is answered with CALL_TIMED_OUT. Default 60_000. */
  callTimeoutMs?: number | undefined;
}

/** How long calls under way may go on once the server is told to close. */
const DRAIN_MS = 500;
/** A whole exchange may take this much more than a call in it. */
const EXCHANGE_MARGIN_MS = 1000;

/**
 * MCP over the agent service: Streamable HTTP of every revision, and the older SSE transport.
 * Host, Origin and CORS are the business of the app this is registered in; so is `forceCloseConnections`.
 * @throws RangeError naming the option, when a number is not a positive integer.
 */
export const mcpRoutes = (options: McpOptions): FastifyPluginAsync => {
  const { agents, version } = options;
  const publicError = neverThrowing(options.publicError);
  const keepAliveMs = requireWholeNumber('keepAliveMs', options.keepAliveMs ?? 15_000, 1);
  const timeoutMs = requireWholeNumber('callTimeoutMs', options.callTimeoutMs ?? 60_000, 1);
  const limit = createStreamLimit(
    requireWholeNumber('maxStreamsPerUser', options.maxStreamsPerUser ?? 16, 1),
  );

  return async (app) => {
    const inFlight = createInFlight();
    const guarded = createCallGuard({ publicError, timeoutMs, inFlight });
    const shared = {
      build: createServerBuilder({ agents, version, guarded }),
      publicError,
      limit,
      keepAliveMs,
    };
    answerRefusals(app, publicError);
    const streamable = streamableRoutes(app, {
      ...shared,
      inFlight,
      exchangeMs: timeoutMs + EXCHANGE_MARGIN_MS,
    });
    const sse = sseRoutes(app, shared);
    app.addHook('preClose', async () => {
      await inFlight.settled(DRAIN_MS);
      await Promise.all([streamable.close(), sse.close()]);
    });
  };
};
