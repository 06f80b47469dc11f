import { format } from 'node:util';
import { expect, it } from '@jest/globals';
import winston from 'winston';
import {
  CorrelationContext,
  configureLogging,
  createLogger,
  hmacCensor,
  loggingHealth,
} from '../src/index.ts';
import { expectNoSecrets, findSecrets } from '../src/testing.ts';
import { capture } from './capture.ts';
import { Recorder } from './recorder.ts';

/** Makes secrets of many kinds, each of its own, and remembers them. */
class Planter {
  readonly secrets: Record<string, string> = {};
  #count = 0;

  #plant(kind: string, text: string): string {
    this.secrets[`${kind} ${this.#count}`] = text;
    return text;
  }

  #body(length: number): string {
    this.#count++;
    return `a9B${this.#count}c`.repeat(20).slice(0, length);
  }

  /** A word that only its key gives away. */
  word(): string {
    return this.#plant('word', `hunter-${this.#body(12)}`);
  }

  github = (): string => this.#plant('github', `ghp_${this.#body(36)}`);
  npm = (): string => this.#plant('npm', `npm_${this.#body(36)}`);
  stripe = (): string => this.#plant('stripe', `sk_live_${this.#body(24)}`);
  openai = (): string => this.#plant('openai', `sk-proj-${this.#body(40)}`);
  anthropic = (): string => this.#plant('anthropic', `sk-ant-api03-${this.#body(40)}`);
  slack = (): string => this.#plant('slack', `xoxb-${this.#body(24)}`);
  jwt = (): string => this.#plant('jwt', `eyJhbGciOiJIUzI1NiJ9.eyJ${this.#body(30)}.${this.#body(20)}`);
  bearer = (): string => `Bearer ${this.#plant('bearer', this.#body(32))}`;
  basic = (): string =>
    `Basic ${this.#plant('basic', Buffer.from(`user:${this.#body(12)}`).toString('base64'))}`;
  pem = (): string =>
    `-----BEGIN PRIVATE KEY-----\n${this.#plant('pem', this.#body(60))}\n-----END PRIVATE KEY-----`;
  aws = (): string =>
    this.#plant('aws', `AKIA${'ABCDEFGHJKLMNPQR'.slice(this.#count++ % 9)}ABCDEFGHJ`.slice(0, 20));

  /** One of each kind that is known by its looks. */
  all(): string[] {
    return [
      ...[this.github(), this.npm(), this.stripe(), this.openai(), this.anthropic(), this.slack()],
      ...[this.jwt(), this.bearer(), this.basic(), this.pem(), this.aws()],
    ];
  }
}

const planted = (): { plant: Planter; outputs: Record<string, unknown> } => {
  const plant = new Planter();
  const seen = capture();
  const recorder = new Recorder([], 'own');
  const formatted: string[] = [];
  const withFormat = new Recorder([], 'format', {
    format: winston.format.printf((info) => {
      formatted.push(format('%j %s', info, info.message));
      return String(info.message);
    }),
  });
  const censorSaw: string[] = [];
  const log = createLogger({
    name: 'planted',
    destination: seen.destination,
    transports: [recorder, withFormat],
    base: { password: plant.word(), note: `base ${plant.github()}` },
    redact: {
      patterns: true,
      paths: ['account.*.iban', 'list[1]', '**.birth'],
      keys: ['salary'],
      censor: (value, key) => {
        censorSaw.push(key);
        if (key === 'otp') throw new Error(String(value));
        return key === 'pin' ? ({ value } as never) : '[hidden]';
      },
    },
  });
  log.defaultMeta = { token: plant.word(), meta: `meta ${plant.npm()}` };

  class Failure extends Error {
    password = plant.word();
    config = {
      headers: { Authorization: plant.bearer(), 'Set-Cookie': [plant.word()] },
      url: `http://u:${plant.word()}@h/`,
    };
  }
  const cause = new Error(`inner ${plant.jwt()}`, { cause: new TypeError(`innermost ${plant.basic()}`) });
  const error = new Failure(`outer ${plant.stripe()} to redis://default:${plant.word()}@cache`, { cause });
  error.stack = `${error.stack ?? ''}\n    at fetch (https://h/?access_token=${plant.word()}&x=${plant.openai()})`;
  const many = new AggregateError([new Error(plant.anthropic()), plant.slack()], `all ${plant.pem()}`);

  CorrelationContext.run(
    { correlationId: 'c', authorization: plant.word(), context: `ctx ${plant.aws()}` },
    () => {
      const child = log
        .child({ apiKey: plant.word(), bound: [plant.github()] })
        .child({ deep: { secret: plant.word() } });
      child.info(
        `message ${plant.all().join(' ')} at https://u:${plant.word()}@h/?token=${plant.word()}#id_token=${plant.word()}`,
      );
      child.error('failed', error);
      child.warn(many);
      child.error('%s and %j', plant.npm(), { password: plant.word(), j: plant.jwt() });
      child.info('fields', {
        map: new Map<unknown, unknown>([
          ['password', plant.word()],
          [plant.github(), plant.npm()],
          [{ token: plant.word() }, new Map([[1, { secret: plant.word() }]])],
        ]),
        set: new Set([plant.openai(), { cvv: plant.word() }]),
        nested: [[[{ privateKey: plant.word() }, [plant.pem()]]]],
        account: { one: { iban: plant.word() } },
        list: ['shown', plant.word()],
        any: { where: { birth: plant.word() } },
        salary: plant.word(),
        otp: plant.word(),
        pin: plant.word(),
        body: JSON.stringify({
          user: 'u',
          password: plant.word(),
          again: JSON.stringify({ token: plant.word() }),
        }),
        url: new URL(`https://h/cb?code=${plant.word()}&sig=${plant.word()}`),
        lazyJson: { toJSON: () => ({ credentials: plant.word(), text: plant.basic() }) },
        record: { toLogRecord: () => ({ passphrase: plant.word(), text: plant.stripe() }) },
        regexp: new RegExp(plant.github()),
        fn: Object.defineProperty(() => 1, 'name', { value: plant.npm() }),
        symbol: Symbol(plant.anthropic()),
        [`key ${plant.openai()}`]: 1,
        level: plant.stripe(),
        message: plant.slack(),
      });
      child.log({ level: 'info', message: `entry ${plant.bearer()}`, cookie: plant.word() });
      child.log(plant.github(), 'of an unknown level');
      child.info(`${'x'.repeat(16_370)} ${plant.github()}`);
      child.info('huge', {
        text: Array.from({ length: 200 }, () => `${'é'.repeat(2_000)} ${plant.npm()}`).slice(0, 40),
      });
    },
  );
  expect(censorSaw).toContain('otp');
  return { plant, outputs: { lines: seen.text, infos: recorder.infos, formatted } };
};

it('shows none of the planted secrets in any destination', () => {
  const { plant, outputs } = planted();
  expect(Object.keys(plant.secrets).length).toBeGreaterThanOrEqual(60);
  expect((outputs.lines as string[]).length).toBeGreaterThanOrEqual(9);
  expectNoSecrets(plant.secrets, outputs);
});

it('would be told of each of them if it were shown', () => {
  const { plant } = planted();
  const names = Object.keys(plant.secrets);
  const found = findSecrets(plant.secrets, { out: Object.values(plant.secrets) });
  expect(new Set(found.map(({ secret }) => secret)).size).toBe(names.length);
});

it('shows none of them as a pseudonym', () => {
  const seen = capture();
  const plant = new Planter();
  const log = createLogger({
    name: 'p',
    destination: seen.destination,
    redact: { patterns: true, censor: hmacCensor({ key: 'sixteen bytes ok' }) },
  });
  for (const text of plant.all()) log.info(text, { password: plant.word(), text });
  expectNoSecrets(plant.secrets, { lines: seen.text });
});

it.each(['json', 'pretty', 'ecs', 'otel'] as const)(
  'shows none of them in what a recorder kept, drawn as %s',
  (format) => {
    const undo = configureLogging({ recorder: { level: 'debug' }, redact: { patterns: true }, format });
    const seen = capture();
    const plant = new Planter();
    const log = createLogger({
      name: 'kept',
      destination: seen.destination,
      level: 'info',
      throttle: { dedupe: { first: 1 } },
    });
    try {
      CorrelationContext.run({ correlationId: 'c', note: plant.github() }, () => {
        for (const text of plant.all()) log.debug(text, { password: plant.word(), list: [text] });
        for (let turn = 0; turn < 3; turn++) log.info(`again ${plant.npm()}`);
        log.error(new Error(`boom ${plant.stripe()} https://u:${plant.word()}@h/?token=${plant.word()}`));
      });
    } finally {
      undo();
    }
    expect(seen.text.length).toBeGreaterThanOrEqual(13);
    expectNoSecrets(plant.secrets, { lines: seen.text, health: loggingHealth() });
  },
);
