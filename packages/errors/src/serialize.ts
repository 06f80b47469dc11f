// The whole public surface of @agent4/errors/serialize.
export { deserializeError } from './serialize/deserialize-error.ts';
export type { SerializeLimits } from './serialize/limits.ts';
export type { PlainValue } from './serialize/plain.ts';
export {
  type SerializedAppError,
  type SerializedCause,
  type SerializedError,
  type SerializeOptions,
  serializeError,
} from './serialize/serialize-error.ts';
