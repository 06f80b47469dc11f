/**
 * A 32-bit hash of a key (FNV-1a, mixed at the end), the same for the same seed. The seed keeps keys that were chosen to
 * collide in one cache from colliding in every cache.
 */
export const hashOf = (key: string, seed: number): number => {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return hash ^ (hash >>> 16);
};
