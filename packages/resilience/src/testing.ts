// The whole public surface of @agent4/resilience/testing: policies under test without sleeping, chance or a network. For any test runner.
export {
  type EventLog,
  type ExpectedEvent,
  type RecordedEvent,
  type RecordedPolicy,
  type RecordOptions,
  recordEvents,
} from './event-log.ts';
export {
  fail,
  hang,
  ok,
  type Scripted,
  type ScriptedCall,
  type ScriptOptions,
  type Step,
  script,
  slow,
} from './script.ts';
export { seededRandom } from './seeded-random.ts';
export { settle, VirtualClock } from './virtual-clock.ts';
