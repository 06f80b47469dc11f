// @agent4/caching/codecs: compression and encryption for a Keyv 6, as texts, which is what it can hold.
export { type CompressionOptions, compression } from './codecs/compression.ts';
export { type EncryptionOptions, encryption } from './codecs/encryption.ts';
