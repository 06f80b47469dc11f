import { CacheClosedError, LoaderTimeoutError } from '@agent4/caching';
import { classify } from '@agent4/errors';
import { expect, it } from '@jest/globals';

it('knows a loader that took too long: a deadline, safe to repeat where a load is', () => {
  const { category, httpStatus, retry } = classify(new LoaderTimeoutError('key', 250));
  expect({ category, httpStatus, retry }).toEqual({
    category: 'TIMEOUT',
    httpStatus: 504,
    retry: { retryable: true, safety: 'idempotent-only' },
  });
});

it('knows a closed cache: unavailable, nothing was done', () => {
  const { category, httpStatus, fault } = classify(new CacheClosedError('users'));
  expect({ category, httpStatus, fault }).toEqual({
    category: 'UNAVAILABLE',
    httpStatus: 503,
    fault: 'self',
  });
});
