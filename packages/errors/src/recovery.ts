// The whole public surface of @agent4/errors/recovery.
export { recover } from './recovery/recover.ts';
export type {
  Recovery,
  RecoveryAction,
  RecoveryCondition,
  RecoveryContext,
  RecoveryFailure,
  RecoveryPolicy,
  RecoveryStep,
  RecoveryStrategy,
  RecoveryVerdict,
} from './recovery/strategy.ts';
