import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  CorrelationContext,
  configureLogging,
  type RedactOptions,
  type SecretPattern,
} from '../src/index.ts';
import { captured } from './capture.ts';
import { Recorder } from './recorder.ts';

const X = '[REDACTED]';
const letters = 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0';
const header = 'eyJhbGciOiJIUzI1NiJ9';
const pem = `-----BEGIN RSA PRIVATE KEY-----\n${letters}\n${letters}\n-----END RSA PRIVATE KEY-----`;

const scrubbed = (text: string, redact: RedactOptions = { patterns: true }): unknown => {
  const { logger, records } = captured({ redact });
  logger.info(text, { value: text });
  const [record] = records();
  expect(record!.value).toBe(record!.message);
  return record!.message;
};

describe('the built-in patterns', () => {
  it.each([
    ['sent Bearer abcdef.1234567, twice', `sent Bearer ${X}, twice`],
    ['Authorization: bearer abcdefgh12345678', `Authorization: bearer ${X}`],
    ['Authorization: Basic dXNlcjpwYXNz.', `Authorization: Basic ${X}.`],
    [`token ${header}.eyJzdWIiOiIxIn0.sig_nature-x end`, `token ${X} end`],
    [`Bearer ${header}.eyJzdWIiOiIxIn0.sig`, `Bearer ${X}`],
    ['id AKIAIOSFODNN7EXAMPLE used', `id ${X} used`],
    [`aws_secret_access_key = ${letters}`, `aws_secret_access_key = ${X}`],
    [`push with ghp_${letters}`, `push with ${X}`],
    [`github_pat_${letters}`, X],
    [`glpat-${letters.slice(0, 20)}`, X],
    ['xoxb-1234567890-abcdef', X],
    [`https://hooks.slack.com/services/T000/B000/${letters}`, `https://hooks.slack.com/services/${X}`],
    [`sk_live_${letters} rk_test_${letters}`, `${X} ${X}`],
    [`sk-proj-${letters} and sk-ant-api03-${letters}`, `${X} and ${X}`],
    [`AIza${letters.slice(0, 35)}`, X],
    [`npm_${letters.slice(0, 36)}`, X],
    [`key: ${pem} done`, `key: ${X} done`],
    [`cut: ${pem.slice(0, 60)}`, `cut: ${X}`],
    ['card 4111 1111 1111 1111 exp 12/29', `card ${X} exp 12/29`],
    ['5555-5555-5555-4444', X],
    ['order 12 378282246310005', `order 12 ${X}`],
    ['4111 1111 1111 1111 22', `${X} 22`],
  ])('hide what is secret: %s', (text, shown) => {
    expect(scrubbed(text)).toBe(shown);
  });

  it.each([
    'Bearer authentication is needed, Basic authentication is not',
    'the bearer of this',
    'eyJ is how they begin',
    'task-abcdefghijklmnopqrstuvwxyz and risk-abcdefghijklmnopqrstuvwxyz',
    '1767355200000 and 1767355200000000000',
    '4111 1111 1111 1112',
    '+4111111111111111',
    '12345678901234567890123456789',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    'PRIVATE KEY of the house',
    'ann@example.org DE89370400440532013000',
    'npm_config_registry, gh_pages, sk-short',
  ])('leave other text: %s', (text) => {
    expect(scrubbed(text)).toBe(text);
  });

  it('take e-mail addresses and IBANs when they are named', () => {
    const text =
      'from ann.b+x@mail.example.org to DE89 3704 0044 0532 0130 00 AT, GB29NWBK60161331926819; DE88370400440532013000';
    expect(scrubbed(text, { patterns: ['email', 'iban'] })).toBe(
      `from ${X} to ${X} AT, ${X}; DE88370400440532013000`,
    );
    expect(scrubbed(`sk-proj-${letters}`, { patterns: ['email'] })).toBe(`sk-proj-${letters}`);
    expect(scrubbed(`a@b.io sk-proj-${letters}`, { patterns: ['default', 'email'] })).toBe(`${X} ${X}`);
  });

  it('reach message, fields, errors, Maps, keys, bindings, base, context and transports', () => {
    const secret = `ghp_${letters}`;
    const recorder = new Recorder([], 'r');
    const { logger, text } = captured({
      redact: { patterns: true },
      base: { base: secret },
      transports: recorder,
    });
    const error = new Error(`refused ${secret}`, { cause: secret });
    CorrelationContext.run({ correlationId: 'c', seen: `in ${secret}` }, () =>
      logger.child({ bound: [secret] }).info(`with ${secret}`, {
        error,
        map: new Map([[secret, secret]]),
        set: new Set([secret]),
        [`key ${secret}`]: 1,
        deep: [[{ a: secret }]],
      }),
    );
    const info = recorder.infos[0]!;
    expect(text[0]).not.toContain(secret);
    expect(JSON.stringify({ ...info })).not.toContain(secret);
    expect(info.message).toBe(`with ${X}`);
    expect(String(info[Symbol.for('message')])).not.toContain(secret);
    expect(text[0]!.split(X)).toHaveLength(13);
  });

  it('give the match and their name to the censor', () => {
    const censor = (value: unknown, key: string): string => `<${key} ${String(value).length}>`;
    expect(scrubbed(`a ghp_${letters} b`, { patterns: true, censor })).toBe(
      `a <github ${letters.length + 4}> b`,
    );
  });

  it('of configureLogging and of the logger add up, and false drops them', () => {
    const text = `a@b.io ghp_${letters}`;
    const undo = configureLogging({ redact: { patterns: true } });
    expect(scrubbed(text, { patterns: ['email'] })).toBe(`${X} ${X}`);
    expect(scrubbed(text, { patterns: false })).toBe(text);
    undo();
    expect(scrubbed(text, {})).toBe(text);
  });
});

describe('a cut', () => {
  it('shows no part of a secret, wherever it falls', () => {
    const secret = `ghp_${letters}`;
    const many = `${'?token=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa '.repeat(60)}`;
    for (const before of ['', many])
      for (let shift = 0; shift < 90; shift++) {
        const { logger, text } = captured({ redact: { patterns: true }, limits: { maxStringLength: 64 } });
        logger.info(`${before}${'x'.repeat(shift)} ${secret} ${'y'.repeat(3_000)} ${secret}`);
        expect(text[0]).not.toContain('ghp_');
        expect(text[0]).not.toContain('L2m3');
      }
  });

  it('hides a secret that is longer than the margin behind the cut', () => {
    const { logger, text } = captured({ redact: { patterns: true }, limits: { maxStringLength: 64 } });
    logger.info(`${'x'.repeat(40)} ${header}.eyJ${letters.repeat(200)}.${letters}`);
    logger.info(`${'x'.repeat(30)} -----BEGIN PRIVATE KEY-----${letters.repeat(200)}`);
    logger.info(`${'x'.repeat(30)} redis://u:${letters.repeat(200)}@h`);
    expect(text.join('')).not.toMatch(/hbGci|a1B2/);
  });

  it('of a whole line keeps its message clean too', () => {
    const { logger, text } = captured({ redact: { patterns: true }, limits: { maxLineBytes: 1_024 } });
    logger.info(`${'x'.repeat(40)} ghp_${letters} ${'é'.repeat(1_000)}`, { more: 'é'.repeat(9_000) });
    expect(text[0]).not.toContain('ghp_');
    expect(text[0]).toContain('"truncated":true');
  });

  it('of a key hides first as well', () => {
    const { logger, text } = captured({ redact: { patterns: true } });
    logger.info('m', { [`${'k'.repeat(980)} ghp_${letters}${'z'.repeat(200)}`]: 1 });
    expect(text[0]).not.toContain('ghp_');
  });
});

describe('patterns of one’s own', () => {
  const employee: SecretPattern = { name: 'employee', pattern: /\bE-\d{6}\b/i };

  it('are applied to every match, whatever their flags', () => {
    expect(scrubbed('E-123456, e-654321', { patterns: [employee] })).toBe(`${X}, ${X}`);
    expect(scrubbed('xE-123456 E-123456', { patterns: [{ name: 'y', pattern: /E-\d{6}/y }] })).toBe(
      `x${X} ${X}`,
    );
  });

  it('cannot fail the call by methods of their own', () => {
    class Hostile extends RegExp {
      override exec(): never {
        throw new Error('exec');
      }
      override test(): never {
        throw new Error('test');
      }
    }
    expect(scrubbed('a secret-1', { patterns: [{ name: 'h', pattern: new Hostile('secret-\\d') }] })).toBe(
      `a ${X}`,
    );
  });

  it('stay right when their censor logs with the same pattern', () => {
    const inner: string[] = [];
    const { logger, records } = captured({
      redact: {
        patterns: [employee],
        censor: () => {
          if (inner.push('') < 3) logger.info('again E-111111 E-222222');
          return '<e>';
        },
      },
    });
    logger.info('E-123456 E-654321 E-111111');
    expect(records().at(-1)!.message).toBe('<e> <e> <e>');
  });

  it.each<[unknown, string]>([
    ['all', 'redact.patterns must be true, false or an array, got all'],
    [['nope'], 'redact.patterns[0] must be one of default, pem'],
    [[{ name: 'x' }], 'redact.patterns[0].pattern must be a RegExp, got undefined'],
    [[{ name: '', pattern: /a/ }], "redact.patterns[0].name must be a non-empty string, got ''"],
    [
      [{ name: 'x', pattern: /a/, flags: 'g' }],
      'redact.patterns[0] has no option "flags"; it knows name, pattern',
    ],
    [['pem', { name: 'x', pattern: /(a+)+$/ }], 'redact.patterns[1].pattern must be bounded'],
    [[{ name: 'x', pattern: /a{2,}/ }], 'must be bounded, {1,64} in the place of * + {1,}, got /a{2,}/'],
    [[{ name: 'x', pattern: /(a{1,9}){1,9}/ }], 'must match in at most 5000 ways from one place'],
    [[{ name: 'x', pattern: /a{0,3}/ }], 'must not match the empty text'],
  ])('are refused when they are wrong: %j', (patterns, message) => {
    expect(() => captured({ redact: { patterns: patterns as never } })).toThrow(message);
  });
});

it('costs time that grows with the length of the text alone', () => {
  const cpu = (text: string): number => {
    const { logger } = captured({
      redact: { patterns: ['default', 'email', 'iban', { name: 'own', pattern: /x{1,60}y{1,60}/ }] },
      limits: { maxStringLength: 1_000_000, maxLineBytes: 9_000_000 },
    });
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 2; round++) {
      const before = process.cpuUsage();
      logger.info(text);
      const { user, system } = process.cpuUsage(before);
      best = Math.min(best, user + system);
    }
    return best;
  };
  const parts = [
    ...[
      'eyJ',
      'eyJ-',
      'eyJaaaaaa.',
      'Bearer ',
      'Bearer a',
      'Basic aaaa',
      '1 ',
      '4',
      '4111 ',
      'AKIA',
      'ghp_',
      'sk-',
    ],
    ...[
      '-----BEGIN PRIVATE KEY-----',
      '-----BEGIN ',
      '"token":',
      '\\"token\\":\\"',
      '"a":{"',
      '\\',
      '"',
      '{',
      '"token":{',
    ],
    ...[
      'a@',
      'a.',
      'a@a.',
      'DE89',
      'DE89 AAAA ',
      'x',
      'secret_access_key=',
      'hooks.slack.com/services/',
      '://',
      '?a=',
    ],
  ];
  for (const part of parts) {
    const [short, long] = [5_000, 100_000].map((length) => cpu(part.repeat(length / part.length)));
    // Twenty times the text: a quadratic scan takes 400 times as long.
    expect([part, long! / Math.max(short!, 2_000) < 120]).toEqual([part, true]);
  }
}, 120_000);

it('hides a planted token in any text around it', () => {
  const plain = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replace(/[\w-]/g, '.'));
  fc.assert(
    fc.property(plain, plain, (before, after) => {
      const { logger, records } = captured({ redact: { patterns: true } });
      logger.info(`${before} ghp_${letters} ${after}`);
      expect(records()[0]!.message).not.toContain(letters);
    }),
  );
});
