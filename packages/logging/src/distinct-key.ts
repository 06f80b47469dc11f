import type { Rules } from './rules.ts';

/** The key, with a number behind it where its JSON text was used already (two lone surrogates look the same). */
export const distinct = (
  key: string,
  rules: Rules,
  used: { has(text: string): boolean; add(text: string): unknown },
): string => {
  let name = key;
  for (let turn = 2; used.has(rules.key(name).text); turn++) name = `${key.slice(0, 900)}#${turn}`;
  used.add(rules.key(name).text);
  return name;
};
