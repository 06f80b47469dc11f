// The whole surface of @agent4/logging/testing.
export { expectNoSecrets, type FoundSecret, findSecrets, type Secrets } from './testing/expect-no-secrets.ts';
