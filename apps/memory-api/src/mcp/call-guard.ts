import type { CallToolResult, ServerContext } from '@modelcontextprotocol/server';
import { withDeadline } from './deadline.ts';
import type { PublicError, ToPublicError } from './errors.ts';
import type { InFlight } from './in-flight.ts';

/** Wraps a tool so that it ends in time and nothing but safe text comes out of it. */
export type CallGuard = <A>(
  tool: (args: A, signal: AbortSignal) => Promise<CallToolResult>,
) => (args: A, context: ServerContext) => Promise<CallToolResult>;

const retryAdvice = ({ retryable, retryAfterMs }: PublicError): string => {
  if (!retryable) return '';
  return retryAfterMs === undefined
    ? ' Try again.'
    : ` Try again in ${Math.max(1, Math.ceil(retryAfterMs / 1000))} s.`;
};

const label = ({ code, requestId }: PublicError): string =>
  requestId === undefined ? code : `${code}, request ${requestId}`;

/** Begins with the word that OpenMemory's clients look for. No structure: old clients would check it against the tool's schema. */
const failed = (failure: PublicError): CallToolResult => ({
  isError: true,
  content: [{ type: 'text', text: `Error: ${failure.message} (${label(failure)}).${retryAdvice(failure)}` }],
});

/**
 * The SDK sends the message of whatever a tool throws, so no tool may throw.
 * A caller who went away gets no answer and is no failure to report.
 */
export const createCallGuard =
  (options: { publicError: ToPublicError; timeoutMs: number; inFlight: InFlight }): CallGuard =>
  (tool) =>
  async (args, { mcpReq }) => {
    const call = withDeadline(options.timeoutMs, mcpReq.signal, (signal) => tool(args, signal)).catch(
      (error: unknown): CallToolResult =>
        mcpReq.signal.aborted
          ? failed({ code: 'CANCELLED', message: 'The call was cancelled', retryable: false })
          : failed(options.publicError(error)),
    );
    options.inFlight.add(call);
    return call;
  };
