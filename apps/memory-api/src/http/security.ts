import type { IncomingHttpHeaders } from 'node:http';
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import { httpErrors } from './errors.ts';

const isLoopbackName = (name: string): boolean =>
  name === 'localhost' || name === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);

const hostName = (host: string): string | undefined => {
  const url = `http://${host}`;
  // Nothing but a name and a port: no login before it, no path behind.
  return /^[\w.[\]:-]+$/.test(host) && URL.canParse(url) ? new URL(url).hostname : undefined;
};

/** Loopback names on any port, and the origins that were allowed by name. `null` and the rest are foreign. */
const originAllowed = (origin: string, allowed: ReadonlySet<string>): boolean => {
  if (allowed.has(origin)) return true;
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  return (protocol === 'http:' || protocol === 'https:') && isLoopbackName(hostname);
};

/** Why a request from there is not served; undefined when it is. */
export const refusalOf = (
  allowedOrigins: readonly string[],
): ((headers: IncomingHttpHeaders) => Error | undefined) => {
  const allowed = new Set(allowedOrigins);
  return ({ host, origin }) => {
    const name = hostName(host ?? '');
    if (name === undefined || !isLoopbackName(name)) return httpErrors.HOST_NOT_ALLOWED();
    return origin !== undefined && !originAllowed(origin, allowed)
      ? httpErrors.ORIGIN_NOT_ALLOWED()
      : undefined;
  };
};

/**
 * A page elsewhere must not reach a server on loopback: neither by its own name made to point here
 * (Host), nor by a request across origins (Origin). Before everything else, also on the MCP routes.
 */
export const installSecurity = (
  app: FastifyInstance,
  options: { allowedOrigins: readonly string[] },
): void => {
  const refusal = refusalOf(options.allowedOrigins);
  app.addHook('onRequest', async (request) => {
    const error = refusal(request.headers);
    if (error !== undefined) throw error;
  });
  app.register(cors, {
    // Foreign origins never come this far.
    origin: true,
    credentials: true,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: [
      'x-request-id',
      'retry-after',
      'idempotency-replayed',
      'mcp-session-id',
      'mcp-protocol-version',
    ],
    maxAge: 600,
  });
};
