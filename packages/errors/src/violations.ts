import { isPublicCode } from './error-table.ts';
import type { FieldViolation } from './field-violation.ts';
import { cleanLine } from './public-text.ts';
import { constructorName, isList, isObject, read, readList, readString } from './safe-read.ts';

const maxViolations = 100;

/** Our codes, our texts (a validator's own may quote what was sent), and each validator's words for it; the first holds. */
const kinds: readonly (readonly [code: string, text: string, words: RegExp])[] = [
  ['REQUIRED', 'is required', /^(required|optionality|undefined|nullable)$/],
  [
    'INVALID_TYPE',
    'has the wrong type',
    /^(invalid_type|type|typeError|base|number|string|boolean|object|array|date|integer|null|bigint)$/,
  ],
  [
    'TOO_SMALL',
    'is too small or too short',
    /^(too_small|exclusiveMinimum|min(imum|Length|Items|Properties|_length|_value|_size)?|greater|moreThan|positive)$/,
  ],
  [
    'TOO_BIG',
    'is too big or too long',
    /^(too_big|exclusiveMaximum|max(imum|Length|Items|Properties|_length|_value|_size)?|less|lessThan|negative)$/,
  ],
  [
    'INVALID_FORMAT',
    'has the wrong format',
    /^(invalid_format|invalid_string|format|pattern|email|ur[il]|[ug]uid|iso(Date|_date|_timestamp)|regex|matches|hex|ip|length)$/,
  ],
  [
    'NOT_ALLOWED',
    'is not one of the allowed values',
    /^(invalid_(value|enum_value|literal)|enum|const|only|oneOf|notOneOf|picklist|literal)$/,
  ],
  ['NOT_MULTIPLE', 'is not a multiple of the allowed step', /^(not_)?multiple(_of|Of)?$/],
  ['NOT_UNIQUE', 'has entries that are equal', /^unique(Items)?$/],
  [
    'UNKNOWN_FIELD',
    'has a field that is not known',
    /^(unrecognized_keys|additionalProperties|unevaluatedProperties|unknown|noUnknown|strict_object)$/,
  ],
];

/** A violation in our own text; a code that may not be shown is INVALID. */
export const violation = (path: string, code: unknown): FieldViolation => ({
  path,
  code: isPublicCode(code) ? code : 'INVALID',
  message: kinds.find(([kind]) => kind === code)?.[1] ?? 'is not valid',
});

const codeFor = (word = ''): string => {
  const last = word.split('.').at(-1) ?? '';
  return kinds.find(([, , words]) => words.test(last))?.[0] ?? 'INVALID';
};

const pointer = (parts: readonly unknown[]): string =>
  cleanLine(
    parts
      .map((part) => (isObject(part) ? read(part, 'key') : part))
      .map((part) => (typeof part === 'string' || typeof part === 'number' ? String(part).slice(0, 128) : ''))
      .map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`)
      .join(''),
    512,
  );

type Read = (issue: unknown) => FieldViolation;

const fromIssue: Read = (issue) => {
  const code = codeFor(readString(issue, 'code', 64) ?? readString(issue, 'type', 64));
  return violation(pointer(readList(read(issue, 'path'), 32)), code);
};

const fromAjv: Read = (issue) => {
  const keyword = readString(issue, 'keyword', 64);
  const missing =
    keyword === 'required' ? readString(read(issue, 'params'), 'missingProperty', 128) : undefined;
  const path = cleanLine(readString(issue, 'instancePath', 512) ?? '', 512);
  return violation(missing === undefined ? path : path + pointer([missing]), codeFor(keyword));
};

const fromYup: Read = (issue) => {
  const path = readString(issue, 'path', 512) ?? '';
  const parts = path.replaceAll(/\[["']?([^\]"']*)["']?\]/g, '.$1').split('.');
  return violation(pointer(parts.filter((part) => part !== '')), codeFor(readString(issue, 'type', 64)));
};

interface Found {
  validator: string;
  violations: FieldViolation[];
}

const zodNames = /^(?:\$?Zod(?:Real)?|Vali|Schema)Error$/;

/** The field violations an error of zod, valibot, ajv (also in fastify), joi or yup carries; undefined for any other. */
export const violationsIn = (error: unknown): Found | undefined => {
  if (!isObject(error)) return undefined;
  const from = (validator: string, list: unknown, as: Read): Found | undefined => {
    const issues = readList(list, maxViolations);
    return issues.length === 0 ? undefined : { validator, violations: issues.map(as) };
  };
  const name = readString(error, 'name', 64) ?? '';
  const type = constructorName(error);
  if (zodNames.test(name) || zodNames.test(type)) {
    const valibot = name === 'ValiError';
    return from(valibot ? 'valibot' : 'zod', read(error, 'issues'), fromIssue);
  }
  const validation = read(error, 'validation');
  if (isObject(validation)) return from('fastify', validation, fromAjv);
  if (name !== 'ValidationError' && type !== 'ValidationError') return undefined;
  return (
    from('yup', read(error, 'inner'), fromYup) ??
    from('joi', read(error, 'details'), fromIssue) ??
    (validation === true || read(error, 'ajv') === true
      ? from('ajv', read(error, 'errors'), fromAjv)
      : undefined) ??
    (isList(read(error, 'inner')) ? { validator: 'yup', violations: [fromYup(error)] } : undefined)
  );
};
