import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';

/** One entry of a 422 answer, as OpenMemory's clients know it. */
export interface ValidationDetail {
  type: string;
  loc: (string | number)[];
  msg: string;
  input: unknown;
}

type Part = 'body' | 'query' | 'path' | 'header';

const PARTS: Readonly<Record<string, Part>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
};

/** What did not fit, by place and kind; the texts are ours, the values are the caller's own and cut. */
export class RequestInvalid extends Error {
  static {
    Object.defineProperty(RequestInvalid.prototype, 'name', { value: 'RequestInvalid' });
  }
  readonly details: readonly ValidationDetail[];
  constructor(details: readonly ValidationDetail[]) {
    super('The request does not fit its schema');
    this.details = details;
  }
}

const TYPE_WORDS: Readonly<Record<string, { type: string; expected: string }>> = {
  string: { type: 'string', expected: 'a valid string' },
  // Every number of this API is a whole one.
  number: { type: 'int', expected: 'a valid integer' },
  int: { type: 'int', expected: 'a valid integer' },
  boolean: { type: 'bool', expected: 'a valid boolean' },
  array: { type: 'list', expected: 'a valid list' },
  record: { type: 'dict', expected: 'a valid dictionary' },
  object: { type: 'dict', expected: 'a valid dictionary' },
};

const UNITS: Readonly<Record<string, string>> = { string: 'characters', array: 'items' };

const MAX_INPUT_CHARACTERS = 200;
/** Who sent ten thousand bad ids need not be told of each. */
const MAX_DETAILS = 100;

/** Enough of the value to recognise it; never a whole document. */
const shown = (input: unknown): unknown => {
  if (typeof input === 'string')
    return input.length > MAX_INPUT_CHARACTERS
      ? `${input.slice(0, MAX_INPUT_CHARACTERS)}…`.toWellFormed()
      : input.toWellFormed();
  return typeof input === 'number' || typeof input === 'boolean' ? input : null;
};

const limit = (bound: number | bigint, unit: string | undefined): string =>
  unit ? `${bound} ${unit}` : String(bound);

const describe = (issue: z.core.$ZodIssue, fromText: boolean): { type: string; msg: string } => {
  switch (issue.code) {
    case 'invalid_type': {
      if (issue.input === undefined) return { type: 'missing', msg: 'Field required' };
      const words = TYPE_WORDS[issue.expected];
      if (words === undefined) return { type: 'value_error', msg: `Input should be ${issue.expected}` };
      return {
        type: `${words.type}_${fromText ? 'parsing' : 'type'}`,
        msg: `Input should be ${words.expected}`,
      };
    }
    case 'too_small':
      return UNITS[issue.origin] === undefined
        ? { type: 'greater_than_equal', msg: `Input should be greater than or equal to ${issue.minimum}` }
        : {
            type: issue.origin === 'string' ? 'string_too_short' : 'too_short',
            msg: `Input should have at least ${limit(issue.minimum, UNITS[issue.origin])}`,
          };
    case 'too_big':
      return UNITS[issue.origin] === undefined
        ? { type: 'less_than_equal', msg: `Input should be less than or equal to ${issue.maximum}` }
        : {
            type: issue.origin === 'string' ? 'string_too_long' : 'too_long',
            msg: `Input should have at most ${limit(issue.maximum, UNITS[issue.origin])}`,
          };
    case 'invalid_format':
      return issue.format === 'uuid'
        ? { type: 'uuid_parsing', msg: 'Input should be a valid UUID' }
        : { type: 'string_pattern_mismatch', msg: `Input ${issue.message}` };
    case 'invalid_value': {
      // A boolean in a query string is one of some words.
      if (issue.values.includes('true'))
        return { type: 'bool_parsing', msg: 'Input should be a valid boolean' };
      return {
        type: 'enum',
        msg: `Input should be ${issue.values.map((value) => `'${String(value)}'`).join(', ')}`,
      };
    }
    case 'custom':
      return { type: 'value_error', msg: `Input ${issue.message}` };
    default:
      return { type: 'value_error', msg: 'Input is not valid' };
  }
};

const toDetails = (error: z.ZodError, part: Part): ValidationDetail[] =>
  error.issues.slice(0, MAX_DETAILS).map((issue) => ({
    ...describe(issue, part === 'query' || part === 'path'),
    loc: [part, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))],
    input: shown(issue.input),
  }));

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = PARTS[httpPart ?? 'body'] ?? 'body';
  return (data: unknown) => {
    const parsed = schema.safeParse(data, { reportInput: true });
    return parsed.success
      ? { value: parsed.data }
      : { error: new RequestInvalid(toDetails(parsed.error, part)) };
  };
};
