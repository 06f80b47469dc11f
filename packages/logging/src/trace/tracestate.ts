const maxLength = 512;
const maxMembers = 32;

// Of level 2 of the standard, which includes the keys of level 1. A value ends in a character that is not a space.
const member =
  /^([a-z0-9][a-z0-9_\-*/@]{0,255})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * Reads a W3C `tracestate` header, to hand it on: its members belong to tracing systems.
 * @returns The header without empty members; undefined when it has none, more than 32, a key twice, more than 512 characters
 * or anything malformed: half a state must not pass for a whole one.
 */
export const parseTracestate = (value: unknown): string | undefined => {
  if (typeof value !== 'string' || value.length > maxLength) return undefined;
  const members = value
    .split(',')
    .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((text) => text !== '');
  if (members.length === 0 || members.length > maxMembers) return undefined;
  const keys = new Set<string>();
  for (const text of members) {
    const key = member.exec(text)?.[1];
    if (key === undefined || keys.has(key)) return undefined;
    keys.add(key);
  }
  return members.join(',');
};
