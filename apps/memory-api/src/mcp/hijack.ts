import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';

/** Takes the response out of the framework's hands, with the headers its hooks have set (CORS, request id). */
export const hijack = (reply: FastifyReply): ServerResponse => {
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value);
  return reply.raw;
};
