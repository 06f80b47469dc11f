// The whole surface of @agent4/logging/testing.
export {
  type CaptureLogsOptions,
  captureLogs,
  type FinishedCapture,
  type LogCapture,
} from './testing/capture.ts';
export type { CapturedLogs } from './testing/captured-lines.ts';
export { expectNoSecrets, type FoundSecret, findSecrets, type Secrets } from './testing/expect-no-secrets.ts';
export { type FakeClock, fakeClock } from './testing/fake-clock.ts';
export type { Expected, LogRecord } from './testing/match.ts';
