import type { Bus } from '../bus/bus.ts';
import { describe } from '../describe.ts';
import type { LockSettings } from '../load-lock.ts';
import { onlyKnown } from '../only-known.ts';
import {
  checkTimeout,
  maxTimerMs,
  optionalFunction,
  pause,
  positiveInteger,
  within,
} from '../option-checks.ts';
import type { CacheOptions } from '../options.ts';
import type { StorePolicy } from '../store/guard.ts';
import type { KeyvLike } from '../store/keyv-store.ts';
import type { SchemaSettings } from '../store/schema.ts';

/** What lies beyond memory: the stores, how they are called, and what other processes share. */
export interface StoreSettings {
  stores: readonly KeyvLike[];
  storeTimeoutMs: number;
  cooldown: { failures: number; initialMs: number; maxMs: number };
  recovery: { maxEntries: number; retryMs: number };
  storePolicy: StorePolicy | undefined;
  schema: SchemaSettings | undefined;
  lock: LockSettings | undefined;
  bus: Bus | undefined;
}

export const storeSettings = <V>(options: CacheOptions<V>): StoreSettings => {
  const { stores = [], storeTimeoutMs = 1_000, storePolicy } = options;
  if (!Array.isArray(stores)) throw new TypeError(`stores must be an array, got ${describe(stores)}`);
  if (storePolicy !== undefined && typeof storePolicy?.execute !== 'function')
    throw new TypeError(`storePolicy must have execute(fn, signal?), got ${describe(storePolicy)}`);
  return {
    stores,
    storeTimeoutMs: checkTimeout('storeTimeoutMs', storeTimeoutMs),
    cooldown: cooldownSettings(options.storeCooldown),
    recovery: recoverySettings(options.storeRecovery),
    storePolicy,
    schema: schemaSettings(options.schema),
    lock: lockSettings(options),
    bus: checkBus(options.bus),
  };
};

const cooldownSettings = (
  options: CacheOptions<unknown>['storeCooldown'] = {},
): StoreSettings['cooldown'] => {
  onlyKnown('storeCooldown', options, ['failures', 'initialMs', 'maxMs']);
  const { failures = 3, initialMs = 1_000, maxMs = 30_000 } = options;
  return {
    failures: positiveInteger('storeCooldown.failures', failures),
    initialMs: pause('storeCooldown.initialMs', initialMs),
    maxMs: pause('storeCooldown.maxMs', maxMs),
  };
};

const recoverySettings = (
  options: CacheOptions<unknown>['storeRecovery'] = {},
): StoreSettings['recovery'] => {
  const given = options === false ? {} : options;
  onlyKnown('storeRecovery', given, ['maxEntries', 'retryMs']);
  const { maxEntries = 10_000, retryMs = 1_000 } = given;
  return {
    maxEntries: options === false ? 0 : positiveInteger('storeRecovery.maxEntries', maxEntries),
    retryMs: within(
      'storeRecovery.retryMs',
      retryMs,
      'a number of ms from 1 to 2_147_483_647',
      (ms) => ms >= 1 && ms <= maxTimerMs,
    ),
  };
};

const schemaSettings = <V>(schema: CacheOptions<V>['schema']): SchemaSettings | undefined => {
  if (schema === undefined) return undefined;
  onlyKnown('schema', schema, ['version', 'upgrade']);
  return {
    version: positiveInteger('schema.version', schema.version),
    upgrade: optionalFunction('schema.upgrade', schema.upgrade),
  };
};

const lockSettings = <V>(options: CacheOptions<V>): LockSettings | undefined => {
  const { lock, lockLeaseMs = 10_000, lockWaitMs } = options;
  const leaseMs = checkTimeout('lockLeaseMs', lockLeaseMs);
  const waitMs = lockWaitMs === undefined ? leaseMs : checkTimeout('lockWaitMs', lockWaitMs);
  if (lock === undefined) return undefined;
  for (const method of ['acquire', 'holds', 'release'] as const)
    if (typeof lock?.[method] !== 'function')
      throw new TypeError(`lock must have acquire, holds and release, got ${describe(lock)}`);
  if ((options.stores?.length ?? 0) === 0)
    throw new TypeError('lock needs stores: those that wait find the value there');
  return { lock, leaseMs, waitMs };
};

const checkBus = (bus: Bus | undefined): Bus | undefined => {
  if (bus !== undefined && (typeof bus?.publish !== 'function' || typeof bus.subscribe !== 'function'))
    throw new TypeError(`bus must have publish and subscribe, got ${describe(bus)}`);
  return bus;
};
