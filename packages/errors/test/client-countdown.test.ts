import { describe, expect, it } from '@jest/globals';
import { countdown, toErrorView } from '../src/client.ts';

/** A clock and its timers, moved by hand. */
const world = () => {
  let time = 5_000;
  let due: { at: number; fn: () => void } | undefined;
  return {
    now: () => time,
    timers: {
      setTimeout: (fn: () => void, ms: number) => {
        due = { at: time + ms, fn };
        return due;
      },
      clearTimeout: (timer: unknown) => {
        if (timer === due) due = undefined;
      },
    },
    waiting: () => due !== undefined,
    advance: (ms: number) => {
      const end = time + ms;
      while (due !== undefined && due.at <= end) {
        const { at, fn } = due;
        due = undefined;
        time = Math.max(time, at);
        fn();
      }
      time = end;
    },
    sleepTab: (ms: number) => {
      time += ms;
    },
  };
};

const limited = { code: 'RATE_LIMITED', status: 429, retryable: true, retryAfterMs: 2500 };

describe('countdown', () => {
  it('ticks at once, at each new second, and last with 0', () => {
    const { now, timers, advance, waiting } = world();
    const seen: [number, number][] = [];
    countdown(toErrorView(limited, { now }), (left) => seen.push([left, now()]), { now, timers });
    advance(10_000);
    expect(seen).toEqual([
      [3, 5000],
      [2, 5500],
      [1, 6500],
      [0, 7500],
    ]);
    expect(waiting()).toBe(false);
  });

  it('is right after the tab slept', () => {
    const { now, timers, advance, sleepTab } = world();
    const seen: number[] = [];
    countdown(toErrorView(limited, { now }), (left) => seen.push(left), { now, timers });
    sleepTab(60_000);
    advance(1);
    expect(seen).toEqual([3, 0]);
  });

  it('ticks once with 0 when there is nothing to wait for', () => {
    const { now, timers, waiting } = world();
    const seen: number[] = [];
    countdown(toErrorView({ status: 503 }, { now }), (left) => seen.push(left), { now, timers });
    expect(seen).toEqual([0]);
    expect(waiting()).toBe(false);
  });

  it('stops when told, also from within a tick', () => {
    const { now, timers, advance, waiting } = world();
    const seen: number[] = [];
    const stop = countdown(toErrorView(limited, { now }), (left) => seen.push(left), { now, timers });
    stop();
    expect(waiting()).toBe(false);
    const inner = countdown(
      toErrorView(limited, { now }),
      (left) => {
        seen.push(left);
        if (left === 2) inner();
      },
      { now, timers },
    );
    advance(10_000);
    expect(seen).toEqual([3, 3, 2]);
  });
});
