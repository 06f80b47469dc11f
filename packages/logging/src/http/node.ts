import type { IncomingMessage, ServerResponse } from 'node:http';
import { exchangeOf } from './exchange.ts';
import { fullOptions, type HttpLoggingOptions } from './options.ts';

interface RoutedRequest {
  baseUrl?: unknown;
  /** Express sets it once a route has matched. */
  route?: { path?: unknown };
  /** Only a router sets this. */
  app?: unknown;
}

const routeOf = (request: IncomingMessage): string | undefined => {
  const { route, baseUrl, app } = request as RoutedRequest;
  if (route?.path !== undefined) return `${typeof baseUrl === 'string' ? baseUrl : ''}${String(route.path)}`;
  return app === undefined ? undefined : '(unmatched)';
};

/**
 * A middleware for node's http, connect and express: an id for each request, all that follows inside its context,
 * and one line when it ends: `info`, `error` from status 500, `warn` with `aborted: true` when the client left early.
 * @throws TypeError naming the option that is unknown or wrong. The middleware itself never throws; what `next` throws passes.
 */
export const httpLogging = (
  options: HttpLoggingOptions = {},
): ((request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void) => {
  const full = fullOptions('httpLogging', options);
  return (request, response, next) => {
    exchangeOf(request, response, full, () => routeOf(request)).run(() => next());
  };
};
