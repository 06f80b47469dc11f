import { checkMs } from '../check-options.ts';
import { addChange, levelReport } from '../level-changes.ts';
import { checkPattern } from '../level-patterns.ts';
import { checkLevel } from '../levels.ts';
import type { Schedule } from '../schedule.ts';

/** A request as both kinds of server have it. */
export interface LevelRequest {
  readonly method: string;
  /** From `?` on, or nothing. */
  readonly search: string;
  readonly contentType: string;
  /** The body as text, or as what a parser before us made of it; undefined when it is too long. */
  body(): Promise<unknown>;
}

export interface LevelAnswer {
  readonly status: number;
  readonly body: object;
  readonly allow?: string;
}

const refused = (status: number, error: string, field?: string): LevelAnswer => ({
  status,
  body: field === undefined ? { error } : { error, field },
});

export const forbidden: LevelAnswer = refused(403, 'forbidden');

/** The changes made by handlers; the same ones for all handlers of the process. */
const undos = new Map<string, () => void>();

const inForce = (pattern: string): boolean =>
  levelReport().changes.some((change) => change.source === 'http' && change.pattern === pattern);

const done = (): LevelAnswer => {
  for (const pattern of undos.keys()) if (!inForce(pattern)) undos.delete(pattern);
  return { status: 200, body: levelReport() };
};

const parsed = (body: unknown): unknown => {
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
};

const change = async (request: LevelRequest, schedule: Schedule): Promise<LevelAnswer> => {
  // A page of another site can send a form or plain text with the operator's cookies, but not this.
  if (!/^application\/json\s*(;|$)/i.test(request.contentType))
    return refused(415, 'content-type must be application/json');
  const body = await request.body();
  if (body === undefined) return refused(413, 'the body is too long');
  const given = parsed(body);
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return refused(
      400,
      'the body must be a JSON object such as { "pattern": "db.*", "level": "debug", "forMs": 60000 }',
    );
  const unknown = Object.keys(given).find((key) => !['pattern', 'level', 'forMs'].includes(key));
  if (unknown !== undefined)
    return refused(
      400,
      `there is no field ${unknown.slice(0, 100)}; known are pattern, level, forMs`,
      unknown.slice(0, 100),
    );
  const { pattern = '*', level, forMs } = given as Record<string, unknown>;
  let field = 'pattern';
  try {
    const checked = checkPattern(field, pattern);
    field = 'level';
    const to = checkLevel(field, level);
    field = 'forMs';
    const options =
      forMs === undefined || forMs === null ? { schedule } : { schedule, forMs: checkMs(field, forMs) };
    const before = undos.get(checked);
    undos.set(checked, addChange(checked, to, options, 'http'));
    before?.();
  } catch (error) {
    return refused(400, (error as Error).message.slice(0, 500), field);
  }
  return done();
};

const undo = (search: string): LevelAnswer => {
  const pattern = new URLSearchParams(search).get('pattern');
  if (pattern !== null && !inForce(pattern))
    return refused(404, 'no change for this pattern is in force that was made here', 'pattern');
  for (const [made, back] of undos) if (pattern === null || made === pattern) back();
  return done();
};

/** Answers a request that was authorized. */
export const answerLevels = async (request: LevelRequest, schedule: Schedule): Promise<LevelAnswer> => {
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return done();
    case 'PUT':
    case 'POST':
      return await change(request, schedule);
    case 'DELETE':
      return undo(request.search);
    default:
      return { ...refused(405, 'method not allowed'), allow: 'GET, HEAD, PUT, POST, DELETE' };
  }
};
