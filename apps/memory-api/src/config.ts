import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { userIdField } from './contract/fields.ts';

/** Everything the environment decides. This file alone reads it. */
export interface Config {
  host: string;
  /** 0 picks a free one. */
  port: number;
  dataDir: string;
  defaultUserId: string;
  logLevel: 'error' | 'warn' | 'info' | 'debug';
  /** Besides every loopback origin. */
  allowedOrigins: readonly string[];
  embedder: EmbedderConfig;
  /** Where alerts go besides the log. Neither part may be shown: an address may hold a token. */
  alertWebhook: { url: string; secret: string | undefined } | undefined;
}

export type EmbedderConfig =
  | { kind: 'embedded' }
  | { kind: 'none' }
  | { kind: 'http'; baseUrl: string; model: string; dims: number; apiKey: string | undefined };

/** A setting that can not be used; the text names it and, unless it may be a secret, its value. */
export class ConfigError extends Error {
  static {
    Object.defineProperty(ConfigError.prototype, 'name', { value: 'ConfigError' });
  }
  readonly code: 'CONFIG_INVALID' | 'HOST_NOT_LOOPBACK';
  constructor(code: ConfigError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const LEVELS = ['error', 'warn', 'info', 'debug'] as const;

const invalid = (name: string, expected: string, value: string): ConfigError =>
  new ConfigError('CONFIG_INVALID', `${name} must be ${expected}, got ${JSON.stringify(value)}`);

const integer = (env: Environment, name: string, fallback: number, min: number, max: number): number => {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw invalid(name, `a whole number from ${min} to ${max}`, text);
  return value;
};

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

const origins = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const origin = URL.canParse(part) ? new URL(part).origin : 'null';
      if (origin === 'null' || origin !== part.replace(/\/$/, ''))
        throw invalid(
          'ALLOWED_ORIGINS',
          'origins such as https://app.example.org, separated by commas',
          part,
        );
      return origin;
    });

/** Not quoted: what is wrong with it may be a password in it. */
const httpUrl = (env: Environment, name: string, example: string): string => {
  const url = URL.parse(env[name] ?? '');
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new ConfigError(
      'CONFIG_INVALID',
      `${name} must be an http or https URL without a login, such as ${example}`,
    );
  return url.href;
};

const secret = (env: Environment, name: string): string | undefined => {
  const value = env[name] || undefined;
  if (value !== undefined && !/^[\x21-\x7e]+$/.test(value))
    throw new ConfigError('CONFIG_INVALID', `${name} must be printable ASCII without spaces`);
  return value;
};

const embedder = (env: Environment): EmbedderConfig => {
  const kind = env.EMBEDDER || (env.EMBEDDER_URL ? 'http' : 'embedded');
  switch (kind) {
    case 'embedded':
    case 'none':
      return { kind };
    case 'http': {
      const baseUrl = httpUrl(env, 'EMBEDDER_URL', 'http://127.0.0.1:11434/v1');
      const model = env.EMBEDDER_MODEL ?? '';
      if (model.trim() === '') throw invalid('EMBEDDER_MODEL', 'the name of the model', model);
      const apiKey = secret(env, 'EMBEDDER_API_KEY');
      if (!env.EMBEDDER_DIMS)
        throw invalid('EMBEDDER_DIMS', 'the length of a vector', env.EMBEDDER_DIMS ?? '');
      const dims = integer(env, 'EMBEDDER_DIMS', 0, 1, 8_192);
      return { kind, baseUrl, model, dims, apiKey };
    }
    default:
      throw invalid('EMBEDDER', 'one of embedded, http, none', kind);
  }
};

const alertWebhook = (env: Environment): Config['alertWebhook'] => {
  const key = secret(env, 'ALERT_WEBHOOK_SECRET');
  if (!env.ALERT_WEBHOOK_URL) {
    if (key === undefined) return undefined;
    throw new ConfigError('CONFIG_INVALID', 'ALERT_WEBHOOK_SECRET is set, but ALERT_WEBHOOK_URL is not');
  }
  const url = httpUrl(env, 'ALERT_WEBHOOK_URL', 'https://hooks.example.org/alerts');
  // Node skips what is no base64; the receiver would then refuse every signature.
  if (key?.startsWith('whsec_') && !/^whsec_[A-Za-z0-9+/]{2,}={0,2}$/.test(key))
    throw new ConfigError('CONFIG_INVALID', 'ALERT_WEBHOOK_SECRET must hold base64 after whsec_');
  return { url, secret: key };
};

/** Where the command-line tools look for the server: what `HOST` and `PORT` say, as the server itself reads them. */
export const readServerUrl = (env: Environment = process.env): string => {
  const host = env.HOST || '127.0.0.1';
  return `http://${host.includes(':') ? `[${host}]` : host}:${integer(env, 'PORT', 8765, 1, 65_535)}`;
};

/** The user who is there from the start. */
export const readDefaultUserId = (env: Environment = process.env): string => {
  const parsed = userIdField.safeParse(env.DEFAULT_USER_ID || 'user');
  if (!parsed.success)
    throw invalid(
      'DEFAULT_USER_ID',
      '1 to 256 characters, none of them control characters',
      env.DEFAULT_USER_ID ?? '',
    );
  return parsed.data;
};

/**
 * @throws ConfigError naming the variable and, unless it may be a secret, its value; `HOST_NOT_LOOPBACK` for an address others can reach.
 */
export const readConfig = (env: Environment = process.env): Config => {
  const host = env.HOST || '127.0.0.1';
  if (!isLoopback(host))
    throw new ConfigError(
      'HOST_NOT_LOOPBACK',
      `HOST must be a loopback address (127.0.0.1, ::1 or localhost), got ${JSON.stringify(host)}: there are no keys yet, and anybody who reaches the server could read and change every memory`,
    );
  const logLevel = env.LOG_LEVEL || 'info';
  if (!(LEVELS as readonly string[]).includes(logLevel))
    throw invalid('LOG_LEVEL', `one of ${LEVELS.join(', ')}`, logLevel);
  return {
    host,
    port: integer(env, 'PORT', 8765, 0, 65_535),
    dataDir: resolve(env.DATA_DIR || './data'),
    defaultUserId: readDefaultUserId(env),
    logLevel: logLevel as Config['logLevel'],
    allowedOrigins: origins(env.ALLOWED_ORIGINS ?? ''),
    embedder: embedder(env),
    alertWebhook: alertWebhook(env),
  };
};
