import { channel } from 'node:diagnostics_channel';
import { expect, it } from '@jest/globals';
import { pipeline, retry, retryBudget } from '../src/index.ts';

const fault = new Error('mine');
const budget = {
  ...retryBudget(),
  deposit: () => {
    throw fault;
  },
};

it.each([
  ['alone', () => retry({ budget, initialDelayMs: 0 })],
  ['with a limit of its own', () => retry({ budget, initialDelayMs: 0, maxElapsedMs: 1_000 })],
  ['in a pipeline', () => pipeline({ retry: { budget, initialDelayMs: 0 }, circuitBreaker: {} })],
])('a deposit that throws keeps no call from being made, and is reported (%s)', async (_name, make) => {
  const faults: unknown[] = [];
  const errors = channel('agent4:resilience:error');
  const hear = (message: unknown): unknown => faults.push(message);
  errors.subscribe(hear);
  try {
    const policy = make();
    let calls = 0;
    const answer = policy.execute(() => {
      if (++calls < 2) throw new Error('once');
      return 'answer';
    });
    expect(await answer).toBe('answer');
    expect(calls).toBe(2);
    expect(faults).toContainEqual(expect.objectContaining({ source: 'budget', error: fault }));
  } finally {
    errors.unsubscribe(hear);
  }
});
