import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AlertNotice } from '../src/alerts.ts';
import type { CircuitStateName } from '../src/index.ts';
import { staged } from './alert-doubles.ts';

type Step = { to: CircuitStateName; which: number } | { pass: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      to: fc.constantFrom<CircuitStateName>('closed', 'open', 'open', 'half-open', 'isolated', 'closed'),
      which: fc.nat(2),
    }),
  },
  { weight: 2, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 400 }) }) },
);

/** What the sinks were told, read as a receiver would: alerts that are open at the end, by policy. Throws on nonsense. */
const readAsReceiver = (got: readonly AlertNotice[]): Map<string, string> => {
  const open = new Map<string, string>();
  const over = new Set<string>();
  for (const notice of got) {
    if (notice.type === 'suppressed') continue;
    const { type, policy, alertId } = notice;
    const known = open.get(policy);
    if (over.has(alertId)) throw new Error(`${type} for an alert that is over`);
    if (known === undefined) {
      if (type !== 'opened' && type !== 'flapping') throw new Error(`${type} for no open alert of ${policy}`);
      open.set(policy, alertId);
    } else {
      if (type === 'opened') throw new Error(`two opens in a row for ${policy}`);
      if (known !== alertId) throw new Error(`a second alert of ${policy} while one is open`);
    }
    if (type === 'resolved') {
      open.delete(policy);
      over.add(alertId);
    }
  }
  return open;
};

it.each([
  ['without limits', { rateLimit: false, coolDownMs: 0, flap: false }],
  ['with a cool-down', { rateLimit: false, coolDownMs: 200, flap: false }],
  [
    'with flap detection',
    { rateLimit: false, coolDownMs: 50, flap: { transitions: 3, windowMs: 300, quietMs: 150 } },
  ],
  [
    'with everything',
    { rateLimit: { max: 2, perMs: 250 }, coolDownMs: 50, flap: { transitions: 3, windowMs: 300 } },
  ],
] as const)(
  'every alert told is resolved or still active, one at a time for each circuit, %s',
  async (_name, options) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
        const { time, circuits, watch, got } = staged(['a', 'b', 'c'], options);
        for (const each of steps) {
          if ('pass' in each) await time.advance(each.pass);
          else circuits[each.which]!.go(each.to);
        }
        await watch.flush();
        const told = watch.snapshot().active.filter((alert) => alert.told);
        const expected = new Map(told.map(({ policy, alertId }) => [policy, alertId]));
        expect(readAsReceiver(got)).toEqual(expected);
        // Once all circuits are well and quiet, nothing is left active, and no timer is set.
        for (const each of circuits) each.go('closed');
        await time.advance(1_000);
        expect(watch.snapshot()).toMatchObject({ active: [], suppressed: 0 });
        expect(readAsReceiver(got).size).toBe(0);
        expect(time.pending).toBe(0);
      }),
      { numRuns: 150 },
    );
  },
  60_000,
);

it('tells of every circuit that stays ill, when nothing is limited', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { time, circuits, watch } = staged(['a', 'b', 'c'], { rateLimit: false, coolDownMs: 100 });
      for (const each of steps) {
        if ('pass' in each) await time.advance(each.pass);
        else circuits[each.which]!.go(each.to);
      }
      await time.advance(100);
      const ill = circuits.filter(({ state }) => state !== 'closed').map(({ name }) => name);
      const active = watch.snapshot().active;
      expect(active.map(({ policy }) => policy)).toEqual(expect.arrayContaining(ill));
    }),
    { numRuns: 150 },
  );
}, 60_000);
