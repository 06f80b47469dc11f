import type { SwaggerOptions } from '@fastify/swagger';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';

const detail = {
  anyOf: [
    { type: 'string' },
    {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          type: { type: 'string' },
          loc: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'integer' }] } },
          msg: { type: 'string' },
          input: {},
        },
        required: ['type', 'loc', 'msg', 'input'],
      },
    },
  ],
};

const failure = {
  description: 'Any failure; `application/problem+json` for a client that asks for it',
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: {
          detail,
          code: { type: 'string' },
          request_id: { type: 'string' },
          retryable: { type: 'boolean' },
        },
        required: ['detail', 'code', 'request_id', 'retryable'],
      },
    },
  },
};

/** The document behind /openapi.json: the REST routes from their schemas, each with the one shape of failures. */
export const openapiOptions = (version: string): SwaggerOptions => ({
  openapi: { openapi: '3.1.0', info: { title: 'Agent4 memory API', version } },
  transform: (route) => {
    // Tools are described over MCP itself.
    if (route.url.startsWith('/mcp')) return { schema: { hide: true }, url: route.url };
    return jsonSchemaTransform(route);
  },
  transformObject: (document) => {
    if (!('openapiObject' in document)) return document.swaggerObject;
    for (const path of Object.values(document.openapiObject.paths ?? {}))
      for (const operation of Object.values(path ?? {}) as { responses?: Record<string, unknown> }[])
        if (operation?.responses !== undefined) operation.responses.default = failure;
    return document.openapiObject;
  },
});
