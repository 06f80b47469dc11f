import { describe, expect, it } from '@jest/globals';
import {
  AppError,
  type Catalog,
  createErrorResponse,
  defineErrors,
  handleError,
  toProblemDetails,
  ValidationError,
} from '../src/index.ts';

const errors = defineErrors({
  CART_FULL: { category: 'CONFLICT', message: 'The cart holds {count} items already' },
  GREETING_LOST: { category: 'NOT_FOUND', message: 'No greeting', i18nKey: 'greeting.lost' },
  ONLY_ENGLISH: { category: 'NOT_FOUND', message: 'No {thing} here' },
});
const de: Catalog = {
  CART_FULL: {
    plural: 'count',
    one: 'Im Warenkorb liegt schon {count} Artikel',
    other: 'Im Warenkorb liegen schon {count} Artikel',
  },
  'greeting.lost': 'Kein Gruß',
  'errors.not_found': 'Nicht gefunden',
  'errors.network': 'Ein Dienst ist nicht erreichbar',
  'violation.REQUIRED': 'fehlt',
};
const catalogs = {
  de,
  'de-CH': { 'greeting.lost': 'Kein Gruss' },
  pl: { CART_FULL: { plural: 'count', few: '{count} rzeczy', many: '{count} rzeczy!', other: '{count} x' } },
};
const say = (error: unknown, locale?: string, more = {}): [string, string | undefined] => {
  const { body, headers } = createErrorResponse(handleError(error), { locale, catalogs, ...more });
  return [(body as { error: { message: string } }).error.message, headers['content-language']];
};
const full = errors.CART_FULL({ count: 2 });
const lost = errors.GREETING_LOST();

describe('the language of a response', () => {
  it.each<[string, string | undefined, string]>([
    ['one tag', 'de', 'de'],
    ['a region without a catalogue', 'de-AT', 'de'],
    ['a private extension, taken off with its letter', 'de-x-secret', 'de'],
    ['another spelling', 'DE-at', 'de'],
    ['an old name of a language', 'mo, de;q=0.5', 'de'],
    ['a header with weights', 'fr;q=0.9, pl;q=0.2, de;q=0.4', 'de'],
    ['a language refused with q=0', 'de;q=0, pl', 'pl'],
    ['any language', '*', 'en'],
    ['English above German, without a catalogue of its own', 'en-GB, de;q=0.9', 'en'],
    ['a language nobody wrote', 'fr', 'en'],
    ['nothing', undefined, 'en'],
    ['no language at all', '../../etc/passwd, "><script>', 'en'],
    ['a header of 100,000 characters', 'x'.repeat(100_000), 'en'],
    ['a good tag behind 256 characters', `${'xx-'.repeat(100)},de`, 'en'],
  ])('%s', (_name, locale, expected) => {
    expect(say(full, locale)[1]).toBe(expected);
  });

  it('is named in Content-Language and Vary, and only where catalogues were given', () => {
    const { headers } = createErrorResponse(handleError(lost), { locale: 'de', catalogs });
    expect([headers['content-language'], headers.vary]).toEqual(['de', 'Accept-Language']);
    expect(Object.keys(createErrorResponse(handleError(lost), { locale: 'de' }).headers)).toEqual([
      'content-type',
      'cache-control',
    ]);
  });

  it('may have another default', () => {
    expect(say(lost, 'fr', { defaultLocale: 'de' })).toEqual(['Kein Gruß', 'de']);
  });
});

describe('the text', () => {
  it('is the region’s, else the language’s, by the definition’s key or the code', () => {
    expect(say(lost, 'de-CH')).toEqual(['Kein Gruss', 'de-CH']);
    expect(say(full, 'de-CH')).toEqual(['Im Warenkorb liegen schon 2 Artikel', 'de']);
  });

  it('takes the plural form of the language', () => {
    expect(say(errors.CART_FULL({ count: 1 }), 'de')[0]).toBe('Im Warenkorb liegt schon 1 Artikel');
    expect([2, 5, 1].map((count) => say(errors.CART_FULL({ count }), 'pl')[0])).toEqual([
      '2 rzeczy',
      '5 rzeczy!',
      '1 x',
    ]);
  });

  it('is the author’s when nobody translated it, in the default language', () => {
    expect(say(errors.ONLY_ENGLISH({ thing: 'door' }), 'de')).toEqual(['No door here', 'en']);
  });

  it('is the translated title of the category, else the title, for an error without a text; never its message', () => {
    const refused = Object.assign(new Error('connect 10.0.0.7'), { code: 'ECONNREFUSED' });
    expect(say(refused, 'de')).toEqual(['Ein Dienst ist nicht erreichbar', 'de']);
    expect(say(refused, 'pl')).toEqual(['A service this one needs could not be reached', 'en']);
    expect(say(new AppError('secret', { i18nKey: 'greeting.lost' }), 'de')[0]).toBe('Kein Gruß');
  });

  it('of a problem localises title, detail and violations; type and code stay', () => {
    const bad = new ValidationError('log', { violations: [{ path: '/a', code: 'REQUIRED', message: 'x' }] });
    expect(toProblemDetails(handleError(bad), { locale: 'de', catalogs }).violations).toEqual([
      { path: '/a', code: 'REQUIRED', message: 'fehlt' },
    ]);
    expect(toProblemDetails(handleError(lost), { locale: 'de', catalogs })).toEqual({
      type: 'urn:agent4:problem:not-found',
      title: 'Nicht gefunden',
      status: 404,
      detail: 'Kein Gruß',
      code: 'GREETING_LOST',
      category: 'NOT_FOUND',
      retryable: false,
    });
  });

  it('keeps parameters data: cleaned, and no template', () => {
    const odd = errors.ONLY_ENGLISH({ thing: '{thing}\u202e\n<b>' });
    const response = createErrorResponse(handleError(odd), {
      locale: 'de',
      catalogs: { de: { ONLY_ENGLISH: 'Kein {thing} hier, {constructor}' } },
    });
    expect(response.body).toMatchObject({ error: { message: 'Kein {thing}  <b> hier, {constructor}' } });
  });

  it.each<[string, unknown]>([
    ['a number', 1],
    ['null entries', { de: null, pl: undefined }],
    ['a text that is none', { de: { ONLY_ENGLISH: 7, 'errors.not_found': {} } }],
    ['a tag that is none', { 'not a tag!': { ONLY_ENGLISH: { plural: 'n', other: 'x' } } }],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no');
          },
        },
      ),
    ],
  ])('answers in the default language when the catalogues are %s', (_name, broken) => {
    const options = { locale: 'de, not a tag!', catalogs: broken as never };
    const { body } = createErrorResponse(handleError(errors.ONLY_ENGLISH({ thing: 'x' })), options);
    expect(body).toMatchObject({ error: { message: 'No x here' } });
  });
});
