import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from '@jest/globals';
import { ConstantBackoff, handleAll, retry } from 'cockatiel';
import { NetworkError, NotFoundError, RateLimitError } from '../src/index.ts';
import { type RecoveryStrategy, recover } from '../src/recovery.ts';

const refused = (): Error => Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
const dropped = (): Error => Object.assign(new Error('read'), { code: 'ECONNRESET' });

/** A policy by shape, of three attempts without a wait; it counts how often it was given the word. */
const threeAttempts = () => {
  const policy = {
    attempts: 0,
    async execute(fn: () => unknown): Promise<unknown> {
      let last: unknown;
      for (let attempt = 0; attempt < 3; attempt++) {
        policy.attempts++;
        try {
          return await fn();
        } catch (error) {
          last = error;
        }
      }
      throw last;
    },
  };
  return policy;
};

describe('choosing', () => {
  const strategies: readonly RecoveryStrategy<string, string>[] = [
    { when: ['VALIDATION', 'NOT_FOUND'], do: 'failFast' },
    {
      when: { fault: 'dependency', safety: 'not-sent' },
      do: 'useCached',
      run: ({ input }) => `cached ${input}`,
    },
    { when: ({ httpStatus }) => httpStatus === 503, do: 'degrade', run: () => 'less' },
    { when: 'RATE_LIMIT', do: 'fallback', run: () => 'other' },
    { do: 'escalate' },
  ];

  it('takes the first strategy whose category, facts or predicate fit, and says which and why', async () => {
    const chosen = [];
    for (const error of [
      new NotFoundError('n'),
      refused(),
      dropped(),
      new RateLimitError('r'),
      new Error('bug'),
    ]) {
      const recovery = await recover(error, strategies, { input: 'u1' });
      const { strategy, why, outcome } = recovery.steps.at(-1)!;
      const value = recovery.recovered ? [recovery.value, recovery.degraded] : [recovery.error === error];
      chosen.push([recovery.classification.category, recovery.action, strategy, why, outcome, ...value]);
    }
    expect(chosen).toEqual([
      ['NOT_FOUND', 'failFast', 0, 'category', 'stopped', true],
      ['NETWORK', 'useCached', 1, 'verdict', 'recovered', 'cached u1', true],
      ['NETWORK', 'degrade', 2, 'predicate', 'recovered', 'less', true],
      ['RATE_LIMIT', 'fallback', 3, 'category', 'recovered', 'other', false],
      ['UNKNOWN', 'escalate', 4, 'any', 'stopped', true],
    ]);
  });

  it('gives the error back by identity when no strategy is for it', async () => {
    const error = new NotFoundError('n');
    const recovery = await recover(error, [{ when: 'NETWORK', do: 'failFast' }]);
    expect(recovery).toMatchObject({ recovered: false, action: 'none', steps: [] });
    expect(!recovery.recovered && recovery.error === error).toBe(true);
  });

  it('goes on when nothing is cached, and takes undefined as an answer from a fallback', async () => {
    const recovery = await recover<string | undefined>(refused(), [
      { do: 'useCached', run: () => undefined },
      { do: 'fallback', run: () => undefined },
    ]);
    expect(recovery).toMatchObject({ recovered: true, value: undefined, action: 'fallback' });
    expect(recovery.steps.map(({ outcome }) => outcome)).toEqual(['nothing-cached', 'recovered']);
  });

  it('passes over a strategy whose predicate throws, and keeps the error', async () => {
    const error = refused();
    const broken = new Error('broken predicate');
    const when = (): boolean => {
      throw broken;
    };
    const recovery = await recover(error, [{ when, do: 'failFast' }]);
    expect(recovery).toMatchObject({ action: 'none', error });
    expect(recovery.steps).toEqual([
      { strategy: 0, action: 'failFast', why: 'predicate', outcome: 'failed', error: broken },
    ]);
    expect(Object.hasOwn(broken, 'cause')).toBe(false);
  });

  it('tells whom it escalates to, and keeps the error when telling fails', async () => {
    const told: unknown[] = [];
    const error = new Error('bug');
    const failing = new Error('pager is down');
    const run = ({ error: seen }: { error: unknown }): never => {
      told.push(seen);
      throw failing;
    };
    const recovery = await recover<string>(error, [
      { do: 'escalate', run },
      { do: 'fallback', run: () => 'never' },
    ]);
    expect(told).toEqual([error]);
    expect(recovery).toMatchObject({ recovered: false, action: 'escalate', error });
    expect(failing.cause).toBe(error);
  });
});

describe('retry', () => {
  it('calls once more without a policy when the call was never sent', async () => {
    let calls = 0;
    const recovery = await recover(refused(), [{ do: 'retry' }], { call: () => ++calls });
    expect(recovery).toMatchObject({ recovered: true, value: 1, action: 'retry', degraded: false });
    expect(calls).toBe(1);
  });

  it.each([
    ['not-idempotent', dropped(), {}],
    ['not-retryable', new NotFoundError('n'), { idempotent: true }],
    ['must-wait', new RateLimitError('r', { retryAfterMs: 5 }), { idempotent: true }],
  ] as const)('is passed over as %s and does not call', async (outcome, error, context) => {
    let calls = 0;
    const recovery = await recover(error, [{ do: 'retry' }], { call: () => ++calls, ...context });
    expect(calls).toBe(0);
    expect(recovery).toMatchObject({ recovered: false, action: 'none', error });
    expect(recovery.steps).toEqual([{ strategy: 0, action: 'retry', why: 'any', outcome }]);
  });

  it('repeats what may have taken effect when the caller says it is idempotent', async () => {
    const recovery = await recover(dropped(), [{ do: 'retry' }], { call: () => 'ok', idempotent: true });
    expect(recovery).toMatchObject({ recovered: true, value: 'ok' });
  });

  it('hands the failure to the policy as its first attempt', async () => {
    const policy = threeAttempts();
    let calls = 0;
    const call = (): string => {
      if (++calls < 2) throw refused();
      return 'third time lucky';
    };
    const error = new RateLimitError('r', { retryAfterMs: 5 });
    const recovery = await recover(error, [{ do: 'retry', policy }], { call });
    expect(recovery).toMatchObject({ recovered: true, value: 'third time lucky' });
    expect([policy.attempts, calls]).toEqual([3, 2]);
  });

  it('runs under a cockatiel policy as it is', async () => {
    const seen: unknown[] = [];
    const policy = retry(handleAll, { maxAttempts: 2, backoff: new ConstantBackoff(1) });
    policy.onRetry((event) => seen.push('error' in event ? event.error : undefined));
    const error = refused();
    const recovery = await recover(error, [{ do: 'retry', policy }], { call: () => 'ok' });
    expect(recovery).toMatchObject({ recovered: true, value: 'ok' });
    expect(seen).toEqual([error]);
  });

  it('lets the strategies behind it judge by the newer failure, and keeps that one by identity', async () => {
    const gone = new NotFoundError('gone');
    const call = (): string => {
      throw gone;
    };
    const recovery = await recover(
      refused(),
      [
        { when: 'NETWORK', do: 'retry' },
        { when: 'NETWORK', do: 'useCached', run: () => 'a value that is gone' },
      ],
      { call },
    );
    expect(recovery).toMatchObject({
      recovered: false,
      action: 'none',
      classification: { category: 'NOT_FOUND' },
    });
    expect(!recovery.recovered && recovery.error === gone).toBe(true);
    expect(gone.cause).toBeUndefined();
  });
});

describe('a strategy that throws', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  it('keeps the original as its cause and hands over to the next', async () => {
    const error = refused();
    const worse = new Error('cache is down');
    const recovery = await recover<string>(error, [
      { do: 'useCached', run: () => Promise.reject(worse) },
      { do: 'degrade', run: () => 'less' },
    ]);
    expect(recovery).toMatchObject({ recovered: true, value: 'less', action: 'degrade' });
    expect(recovery.steps[0]).toEqual({
      strategy: 0,
      action: 'useCached',
      why: 'any',
      outcome: 'failed',
      error: worse,
    });
    expect(worse.cause).toBe(error);
  });

  it('is what is thrown when it was the last', async () => {
    const worse = new Error('cache is down');
    const run = (): never => {
      throw worse;
    };
    const recovery = await recover(refused(), [{ do: 'fallback', run }]);
    expect(!recovery.recovered && recovery.error === worse).toBe(true);
  });

  it.each([
    ['a frozen error', Object.freeze(new Error('frozen'))],
    ['an error with a cause of its own', new TypeError('fetch failed', { cause: new Error('inner') })],
    ['a string', 'nope'],
    ['a revoked proxy', revoked.proxy],
  ])('is wrapped with the original when it is %s', async (_, thrown) => {
    const error = new NetworkError('down');
    const run = (): never => {
      throw thrown;
    };
    const recovery = await recover(error, [{ do: 'fallback', run }]);
    const wrapped = (recovery.recovered ? undefined : recovery.error) as AggregateError;
    expect(wrapped.errors).toHaveLength(2);
    expect(Object.is(wrapped.errors[0], thrown) && wrapped.errors[1] === error).toBe(true);
    expect(wrapped.cause).toBe(error);
  });

  it('is left as it is when it names the original already', async () => {
    const error = refused();
    const worse = new Error('worse', { cause: error });
    const recovery = await recover(error, [{ do: 'fallback', run: () => Promise.reject(worse) }]);
    expect(!recovery.recovered && recovery.error === worse).toBe(true);
  });

  it('may throw the original itself, which is then left as it is', async () => {
    const error = refused();
    const run = (): never => {
      throw error;
    };
    const recovery = await recover(error, [{ do: 'fallback', run }]);
    expect(!recovery.recovered && recovery.error === error).toBe(true);
    expect(Object.hasOwn(error, 'cause')).toBe(false);
  });
});

describe('abort', () => {
  const tell = { do: 'fallback', run: () => 'not asked for' } as const;

  it('starts nothing when the signal is aborted already', async () => {
    const reason = new Error('left');
    const recovery = await recover(refused(), [tell], { signal: AbortSignal.abort(reason) });
    expect(recovery).toMatchObject({ recovered: false, action: 'cancelled', error: reason, steps: [] });
  });

  it('starts nothing when a predicate aborts', async () => {
    const controller = new AbortController();
    let started = 0;
    const when = (): boolean => {
      controller.abort('left');
      return true;
    };
    const recovery = await recover(refused(), [{ when, do: 'fallback', run: () => ++started }], {
      signal: controller.signal,
    });
    expect([recovery.action, started]).toEqual(['cancelled', 0]);
  });

  it('settles at once when it comes while a strategy runs, and starts no other', async () => {
    const controller = new AbortController();
    const never = (): Promise<string> => {
      queueMicrotask(() => controller.abort('left'));
      return new Promise(() => {});
    };
    const recovery = await recover(refused(), [{ do: 'fallback', run: never }, tell], {
      signal: controller.signal,
    });
    expect(recovery).toMatchObject({ recovered: false, action: 'cancelled', error: 'left' });
    expect(recovery.steps.map(({ outcome }) => outcome)).toEqual(['aborted']);
  });

  it('never answers a cancellation', async () => {
    const error = new DOMException('gone', 'AbortError');
    const recovery = await recover(error, [tell]);
    expect(recovery).toMatchObject({ recovered: false, action: 'cancelled', error });
  });

  it('leaves no listener on the signal', async () => {
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    await recover(refused(), [tell], { signal });
    await new Promise((resolve) => setImmediate(resolve));
    expect(listeners).toBe(0);
  });
});

describe('a list that makes no sense', () => {
  const wrong: readonly [string, unknown, object][] = [
    ['strategies must be an array, got object', {}, {}],
    [
      'strategies[0].do must be retry, failFast, escalate, fallback, useCached, degrade, got repeat',
      [{ do: 'repeat' }],
      {},
    ],
    ['strategies[0].do must be', [null], {}],
    ['strategies[0].when must be a category, got network', [{ when: 'network', do: 'failFast' }], {}],
    ['strategies[0].when must be a category, got X', [{ when: ['X'], do: 'failFast' }], {}],
    ['strategies[1].run must be a function, got undefined', [{ do: 'failFast' }, { do: 'fallback' }], {}],
    ['context.call must be a function, got undefined', [{ do: 'retry' }], {}],
    [
      'strategies[0].policy.execute must be a function, got undefined',
      [{ do: 'retry', policy: {} }],
      { call: () => 1 },
    ],
  ];
  it.each(wrong)('rejects with %s and the error as cause', async (message, strategies, context) => {
    const error = refused();
    const rejected = recover(error, strategies as RecoveryStrategy<number>[], context);
    await expect(rejected).rejects.toThrow(message);
    await expect(rejected).rejects.toMatchObject({ name: 'TypeError', cause: error });
  });
});

it('publishes what became of it', async () => {
  const seen: unknown[] = [];
  const listen = (message: unknown): void => {
    seen.push(message);
  };
  subscribe('agent4:errors:recovery', listen);
  const recovery = await recover(refused(), [{ do: 'failFast' }]);
  unsubscribe('agent4:errors:recovery', listen);
  expect(seen).toEqual([recovery]);
});
