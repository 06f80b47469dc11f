import { randomFillSync } from 'node:crypto';

// One call of the system's random source for a thousand ids: a call of its own for each costs thirty times as much.
const pool = Buffer.alloc(8_192);
let next = pool.length;

/** A span id: 16 random lower-case hex digits, not all zero. */
export const randomSpanId = (): string => {
  if (next === pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  const id = pool.toString('hex', next, next + 8);
  next += 8;
  return id === '0000000000000000' ? randomSpanId() : id;
};
