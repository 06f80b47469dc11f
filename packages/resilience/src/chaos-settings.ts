import type { ChaosOptions } from './chaos.ts';
import { duration, onlyKnown, optionalFunction, show } from './validate.ts';

/** The options of `chaos` that can be changed, checked and made ready. */
export interface ChaosSettings {
  readonly enabled: () => boolean;
  readonly latency: { from: number; to: number } | undefined;
  readonly fault: ChaosOptions['fault'];
  readonly outcome: ChaosOptions['outcome'];
  readonly rates: Readonly<Record<Kind, number>>;
}

const KINDS = ['latency', 'fault', 'outcome'] as const;
type Kind = (typeof KINDS)[number];

export const chaosSettings = (options: ChaosOptions): ChaosSettings => {
  const { fault, outcome, enabled = true } = options;
  if (fault !== true) optionalFunction('fault', fault);
  optionalFunction('outcome', outcome);
  if (typeof enabled !== 'boolean' && typeof enabled !== 'function')
    throw new TypeError(`enabled must be true, false or a function, got ${show(enabled)}`);
  const given = { latency: latencyOf(options.latencyMs), fault, outcome };
  if (KINDS.every((kind) => given[kind] === undefined))
    throw new TypeError('chaos needs at least one of latencyMs, fault, outcome');
  return {
    ...given,
    rates: ratesOf(options.rate, given),
    enabled: typeof enabled === 'boolean' ? () => enabled : enabled,
  };
};

const latencyOf = (given: ChaosOptions['latencyMs']): { from: number; to: number } | undefined => {
  if (given === undefined) return undefined;
  const rule = { zero: true, infinite: false };
  if (typeof given === 'number') {
    const ms = duration('latencyMs', given, rule);
    return { from: ms, to: ms };
  }
  if (!Array.isArray(given) || given.length !== 2)
    throw new TypeError(`latencyMs must be a number of milliseconds or two, got ${show(given)}`);
  const [from, to] = given as [number, number];
  duration('latencyMs[0]', from, rule);
  duration('latencyMs[1]', to, rule);
  if (to < from) throw new RangeError(`latencyMs[1] must be at least latencyMs[0] (${from}), got ${to}`);
  return { from, to };
};

const ratesOf = (rate: ChaosOptions['rate'], given: Record<Kind, unknown>): Record<Kind, number> => {
  const shareOf = (option: string, value: unknown): number => {
    if (typeof value === 'number' && value >= 0 && value <= 1) return value;
    throw new RangeError(`${option} must be a number from 0 to 1, got ${show(value)}`);
  };
  if (typeof rate !== 'object' || rate === null) {
    const one = shareOf('rate', rate);
    return { latency: one, fault: one, outcome: one };
  }
  onlyKnown('rate', rate, KINDS);
  const rates = { latency: 0, fault: 0, outcome: 0 };
  for (const kind of KINDS) {
    if (rate[kind] !== undefined && given[kind] === undefined)
      throw new TypeError(`rate.${kind} is given, but nothing that it could strike with`);
    if (given[kind] !== undefined) rates[kind] = shareOf(`rate.${kind}`, rate[kind]);
  }
  return rates;
};
