import { renderPublicText } from './public-text.ts';
import { isObject, keysOf, read, readString } from './safe-read.ts';

/** Texts that depend on a number: one for each plural category the language has. */
export type PluralText = {
  /** The parameter that counts. */
  readonly plural: string;
  readonly other: string;
} & { readonly [Rule in Exclude<Intl.LDMLPluralRule, 'other'>]?: string };

/**
 * The texts of one language, with `{name}` places for parameters. Keys: an error's code (or its definition's `i18nKey`),
 * a category's `i18nKey` in `errorTable` for its title, `violation.REQUIRED` and so on for violations.
 */
export type Catalog = Readonly<Record<string, string | PluralText>>;

export interface LocaleOptions {
  /** A BCP 47 tag, or the value of an `Accept-Language` header as it came; at most 256 characters are read. */
  locale?: string | undefined;
  /** Catalogues by BCP 47 tag, such as `{ de: {…}, 'de-CH': {…} }`. */
  catalogs?: Readonly<Record<string, Catalog>> | undefined;
  /** Language of your definitions and of this package's own texts. Default 'en'. */
  defaultLocale?: string | undefined;
}

/** The wanted languages, best first, in canonical form; what is no language tag is passed over. */
const wanted = (value: string): string[] =>
  value
    .slice(0, 256)
    .split(',')
    .map((part) => {
      const [tag = '', weight = ''] = part.split(';');
      return { tag: tag.trim(), q: /q=/.test(weight) ? Number(weight.split('=')[1]) : 1 };
    })
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q)
    .flatMap(({ tag }) => {
      try {
        return Intl.getCanonicalLocales(tag);
      } catch {
        return [];
      }
    });

/** A tag and what is left of it when subtags are taken off its end, one-letter ones with their neighbour (RFC 4647, 3.4). */
const shortened = (tag: string): string[] => {
  const parts = tag.split('-');
  const tags: string[] = [];
  while (parts.length > 0) {
    tags.push(parts.join('-'));
    parts.pop();
    if (parts.at(-1)?.length === 1) parts.pop();
  }
  return tags;
};

/** Finds a text by key; gives it with the tag of the catalogue it came from. */
export type Translate = (key: string, params: unknown) => { text: string; tag: string } | undefined;

/** Reads the options once; undefined when there are no catalogues and nothing is to be negotiated. */
export const translator = (options: unknown): (Translate & { fallback: string }) | undefined => {
  const catalogs = read(options, 'catalogs');
  if (!isObject(catalogs)) return undefined;
  const fallback = readString(options, 'defaultLocale', 64) ?? 'en';
  const tags = [...keysOf(catalogs), fallback];
  const known = (tag: string): string | undefined =>
    tags.find((one) => one.toLowerCase() === tag.toLowerCase());
  const range = wanted(readString(options, 'locale') ?? '').find((tag) => shortened(tag).some(known));
  const order = [...shortened(range ?? ''), ...shortened(fallback)];
  return Object.assign(
    (key: string, params: unknown) => {
      for (const each of order) {
        const tag = known(each) ?? '';
        const entry = read(read(catalogs, tag), key);
        let template = entry;
        if (isObject(entry)) {
          const count = Number(read(params, readString(entry, 'plural') ?? ''));
          const rule = new Intl.PluralRules(tag).select(count);
          template = read(entry, rule) ?? read(entry, 'other');
        }
        if (typeof template === 'string')
          return { text: renderPublicText(template, params as Record<string, unknown>), tag };
      }
      return undefined;
    },
    { fallback },
  );
};
