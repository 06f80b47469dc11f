/** What is logged in each case; every subject logs the same values through its own words. */
export const flat = { userId: 4711, method: 'GET', path: '/orders', cached: true, durationMs: 12.5 } as const;

export const deep = {
  order: {
    id: 'ord_10477',
    total: { amount: 12_990, currency: 'EUR', taxes: [{ rate: 0.19, amount: 2_074 }] },
    items: [
      { sku: 'A-100', quantity: 2, price: 4_995, tags: ['new', 'gift'] },
      { sku: 'B-200', quantity: 1, price: 3_000, tags: [] },
    ],
    customer: {
      id: 99,
      name: 'Ada Lovelace',
      address: { street: 'St James Square 12', city: 'London', zip: 'SW1Y 4LB', country: 'GB' },
      flags: { vip: true, newsletter: false },
    },
  },
  shipping: { carrier: 'post', eta: '2026-12-01T10:00:00.000Z', steps: ['packed', 'sent'] },
} as const;

export const long = `payload ${'lorem ipsum dolor sit amet '.repeat(75)}`;
export const secret = { user: { name: 'ann', password: 'hunter2' }, token: 'abc', list: [{ key: 'k' }] };
export const ids = { correlationId: 'req-4711', traceId: '4bf92f3577b34da6a3ce929d0e0e4736', tenant: 'shop' };
export const bindings = { component: 'billing', region: 'eu-1', shard: 7 };
export const inner = { step: 'capture', attempt: 1 };
export const failure = new Error('charge failed', {
  cause: Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' }),
});

export interface Case {
  /** Lines in the measured part. */
  lines: number;
  /** Lines a turn of the event loop. */
  perTurn: number;
  /** The limit for the ratio to the best pino; for `disabled` in ns. */
  limit: number;
  /** Whether a line holds what it must. */
  holds: (record: Record<string, unknown>) => boolean;
}

const says = (record: Record<string, unknown>, ...parts: string[]): boolean => {
  const text = JSON.stringify(record);
  return parts.every((part) => text.includes(part));
};
const one = (lines: number, limit: number, holds: Case['holds'], perTurn = 200): Case => ({
  lines,
  limit,
  holds,
  perTurn,
});

export const cases = {
  basic: one(400_000, 0.7, (line) => says(line, 'hello world')),
  object: one(300_000, 0.7, (line) => says(line, 'request done', '"/orders"', '12.5')),
  interpolation: one(300_000, 0.7, (line) => says(line, 'charged 42 to ', 'ann')),
  child: one(400_000, 0.5, (line) => says(line, 'hello world', '"eu-1"')),
  'child of child': one(400_000, 0.5, (line) => says(line, 'hello world', '"eu-1"', '"capture"')),
  'child a call': one(300_000, 0.5, (line) => says(line, 'hello world', '"eu-1"')),
  context: one(300_000, 0.5, (line) => says(line, 'hello world', 'req-4711', '"shop"')),
  redact: one(150_000, 0.5, (line) => says(line, 'login', '"ann"') && !says(line, 'hunter2')),
  error: one(60_000, 0.8, (line) => says(line, 'charge failed', 'ECONNREFUSED')),
  deep: one(100_000, 1, (line) => says(line, 'placed', 'SW1Y 4LB')),
  long: one(60_000, 1, (line) => says(line, 'lorem ipsum')),
  'basic, 1 a turn': one(60_000, 1, (line) => says(line, 'hello world'), 1),
  'object, 1 a turn': one(60_000, 1, (line) => says(line, 'request done', '"/orders"'), 1),
  'object, 5 a turn': one(100_000, 1, (line) => says(line, 'request done', '"/orders"'), 5),
  disabled: one(20_000_000, 5, () => true, 1_000_000),
} satisfies Record<string, Case>;

export type CaseName = keyof typeof cases;
export const caseNames = Object.keys(cases) as CaseName[];
