/** English words that say nothing about what a text is about. Without this list recall falls by five points. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about above after again against all am an and any are aren as at be because been before being below between both
  but by can could couldn d did didn do does doesn doing don down during each few for from further had hadn has hasn
  have haven having he her here hers herself him himself his how i if in into is isn it its itself just ll m me might
  more most mustn my myself no nor not now o of off on once only or other our ours ourselves out over own re s same
  shan she should shouldn so some such t than that the their theirs them themselves then there these they this those
  through to too under until up ve very was wasn we were weren what when where which while who whom why will with won
  would wouldn y you your yours yourself yourselves`.split(/\s+/),
);

/** Each word of a query costs one scan of its postings. */
const MAX_TERMS = 32;

const WORD = /[\p{L}\p{N}]+/gu;

/**
 * The words of a query worth looking for: lower case, each once, without stop words unless nothing else is left.
 * Of a longer query the longest words are kept, which are the rarest more often than not.
 */
export const searchTerms = (query: string): string[] => {
  const words = [...new Set(query.toLowerCase().match(WORD) ?? [])];
  const telling = words.filter((word) => !STOP_WORDS.has(word));
  const chosen = telling.length > 0 ? telling : words;
  if (chosen.length <= MAX_TERMS) return chosen;
  return [...chosen].sort((one, other) => other.length - one.length).slice(0, MAX_TERMS);
};
