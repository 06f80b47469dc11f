import { codeOf } from '../domain/error-code.ts';

/** What fastify itself refuses, in words both skins can put into their own codes. */
export type FrameworkFailure =
  | 'malformed-json'
  | 'body-too-large'
  | 'media-type'
  | 'bad-request'
  | 'path-too-long';

const FAILURES: ReadonlyMap<string, FrameworkFailure> = new Map([
  ['FST_ERR_CTP_INVALID_JSON_BODY', 'malformed-json'],
  ['FST_ERR_CTP_EMPTY_JSON_BODY', 'malformed-json'],
  ['FST_ERR_CTP_BODY_TOO_LARGE', 'body-too-large'],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 'media-type'],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', 'bad-request'],
  ['FST_ERR_BAD_URL', 'bad-request'],
  ['FST_ERR_MAX_PARAM_LENGTH', 'path-too-long'],
]);

export const frameworkFailure = (error: unknown): FrameworkFailure | undefined =>
  FAILURES.get(codeOf(error) ?? '');
