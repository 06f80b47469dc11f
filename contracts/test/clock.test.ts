import { createCache } from '@agent4/caching';
import { handleError } from '@agent4/errors';
import { createLogger } from '@agent4/logging';
import { circuitBreaker } from '@agent4/resilience';
import { expect, it } from '@jest/globals';
import { CapturedLog } from './captured-log.ts';
import { ManualTime } from './manual-time.ts';

it('one `() => number` in milliseconds drives every package', async () => {
  const time = new ManualTime();
  const start = Date.UTC(2026, 0, 1);
  const clock = (): number => start + time.clock();
  const log = new CapturedLog();
  const cache = createCache<string>({ name: 'contracts', ttl: 1_000, clock });
  const breaker = circuitBreaker({ failureThreshold: 1, openMs: 1_000, clock });
  const logger = createLogger({ name: 'contracts', destination: log, clock });

  await cache.set('key', 'value');
  await breaker.execute(() => Promise.reject(new Error('down'))).catch(() => {});
  await time.advance(999);
  expect([await cache.get('key'), breaker.state]).toEqual(['value', 'open']);
  await time.advance(1);
  expect([await cache.get('key'), breaker.state]).toEqual([undefined, 'half-open']);

  logger.info('a second later');
  await logger.flush();
  const secondLater = '2026-01-01T00:00:01.000Z';
  expect(log.records[0]).toMatchObject({ timestamp: secondLater });
  expect(handleError(new Error('down'), { now: clock }).timestamp).toBe(secondLater);
  await cache.close();
});
