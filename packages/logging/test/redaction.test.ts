import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { CorrelationContext, configureLogging } from '../src/index.ts';
import { captured } from './capture.ts';

describe('default redaction', () => {
  it.each([
    'password',
    'API-KEY',
    'apiKey',
    'api_key',
    'Set-Cookie',
    'authorization',
    'access_token',
    'clientSecret',
    'aws_secret_access_key',
    'AWS-Session-Token',
    'otp',
    'OTP_Code',
    'pin',
    'Auth',
    'bearer',
    'basic_auth',
    'cvv2',
  ])('hides %s wherever it is', (key) => {
    const { logger, text } = captured({ base: { base: { [key]: 's3cr3t' } } });
    const error = Object.assign(new Error('e'), { config: { headers: { [key]: 's3cr3t' } } });
    CorrelationContext.run({ correlationId: 'c', [key]: 's3cr3t' }, () =>
      logger.child({ child: { [key]: ['s3cr3t'] } }).info('m', {
        [key]: 's3cr3t',
        list: [{ [key]: 's3cr3t' }],
        map: new Map([[key, 's3cr3t']]),
        pairs: new Map<unknown, unknown>([[1, { [key]: 's3cr3t' }]]),
        error,
      }),
    );
    expect(text[0]).not.toContain('s3cr3t');
    expect(text[0]!.match(/\[REDACTED\]/g)).toHaveLength(7);
  });

  it.each([
    ...[
      'key',
      'address',
      'tokens',
      'secretary',
      'author',
      'authors',
      'authenticated',
      'authType',
      'pinned',
      'pins',
    ],
    ...[
      'pinCode',
      'spin',
      'ping',
      'option',
      'otpEnabled',
      'bearers',
      'accessKeyId',
      'code',
      'signature',
      'session',
    ],
  ])('shows %s', (key) => {
    const { logger, records } = captured();
    logger.info('m', { [key]: 'shown' });
    expect(records()[0]![key]).toBe('shown');
  });

  it('hides credentials in URLs, in message, fields, errors and map keys, also across the cut', () => {
    const { logger, text } = captured({ limits: { maxStringLength: 64 } });
    const url = 'postgres://user:s3cr3t@db:5432/app';
    logger.info(`to ${url}`, { url, map: new Map([[url, 1]]), cut: `${'x'.repeat(46)}${url}` });
    logger.error(new Error(`no answer from ${url}`));
    expect(text.join('')).not.toContain('s3cr3t');
    expect(text[0]).toContain('"url":"postgres://[REDACTED]@db:5432/app"');
  });

  it.each([
    ['https://x.io/cb?a=1&token=s3cr3t', 'https://x.io/cb?a=1&token=[REDACTED]'],
    ['/cb?password=s3cr3t&a=1', '/cb?password=[REDACTED]&a=1'],
    ['?otp=s3cr3t', '?otp=[REDACTED]'],
    ['https://x.io/cb#access_token=s3cr3t&a=1', 'https://x.io/cb#access_token=[REDACTED]&a=1'],
    ['https://x.io/?user%5Btoken%5D=s3cr3t', 'https://x.io/?user%5Btoken%5D=[REDACTED]'],
    ['https://x.io/?%74oken=s3cr3t', 'https://x.io/?%74oken=[REDACTED]'],
    ['https://b.s3/k?X-Amz-Signature=s3cr3t&n=2', 'https://b.s3/k?X-Amz-Signature=[REDACTED]&n=2'],
    ['https://x.io/cb?code=s3cr3t&key=s3cr3t', 'https://x.io/cb?code=[REDACTED]&key=[REDACTED]'],
    ['GET https://x.io/?sid=s3cr3t failed: 3 = three', 'GET https://x.io/?sid=[REDACTED] failed: 3 = three'],
    ['GET /cb?token=s3cr3t failed', 'GET /cb?token=[REDACTED] failed'],
    ['https://u:s3cr3t@x.io/?token=s3cr3t', 'https://[REDACTED]@x.io/?token=[REDACTED]'],
    ['{"url":"https://x.io/?token=s3cr3t","n":"a=b"}', '{"url":"https://x.io/?token=[REDACTED]","n":"a=b"}'],
    ['https://x.io/?iban=s3cr3t', 'https://x.io/?iban=[REDACTED]'],
  ])('hides secret parameters of a URL: %s', (url, shown) => {
    const { logger, records, text } = captured({ redact: { keys: ['iban'] } });
    logger.info('m', { url, deep: { urls: [url] } });
    logger.info(url);
    logger.error(new Error(url));
    expect(records()[0]).toMatchObject({ url: shown, deep: { urls: [shown] } });
    expect(records().map(({ message }) => message)).toEqual(['m', shown, shown]);
    expect(text.join('')).not.toContain('s3cr3t');
  });

  it('is done with hostile text in time that grows with its length alone', () => {
    const { logger, text } = captured({ limits: { maxStringLength: 1_000_000, maxLineBytes: 3_000_000 } });
    const hostile = ['?', '&a', '?a=', '#token', '://', 'a='].map((part) =>
      part.repeat(400_000 / part.length),
    );
    const start = performance.now();
    for (const value of hostile) logger.info('m', { value: `=${value}` });
    // A quadratic scan of one of these takes minutes.
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(text).toHaveLength(hostile.length);
  });

  it('hides secret parameters of URL objects', () => {
    const { logger, records } = captured();
    logger.info('m', { url: new URL('https://x.io/?token=s3cr3t') });
    expect(records()[0]!.url).toBe('https://x.io/?token=[REDACTED]');
  });

  it.each([
    'https://x.io/?tokens=5&author=ann&address=here',
    '/search?q=token&page=2',
    'login failed, password=hunter2',
    'is it so? token=hunter2',
    'token=hunter2',
  ])('leaves other text as it is: %s', (value) => {
    const { logger, records } = captured();
    logger.info(value, { value });
    expect(records()[0]).toMatchObject({ message: value, value });
  });

  it('hides a text key beside other keys of a Map', () => {
    const { logger, text } = captured();
    logger.info('m', {
      map: new Map<unknown, unknown>([
        [1, 2],
        ['password', 's3cr3t'],
      ]),
    });
    expect(text[0]).not.toContain('s3cr3t');
  });

  it('hides them in the warning about a destination that fails', () => {
    const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));
    const { NODE_OPTIONS: _jest, ...env } = process.env;
    const script = `import { createLogger } from ${JSON.stringify(entry)};
      const write = () => { throw new Error('no answer from redis://u:s3cr3t@cache/?token=s3cr3t'); };
      createLogger({ name: 'x', destination: { write } }).info('m');`;
    const args = ['--input-type=module', '-e', script];
    const { stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
    expect(stderr).toContain('destination failed: no answer from redis://[REDACTED]@cache/?token=[REDACTED]');
    expect(stderr).not.toContain('s3cr3t');
  });

  it('is off with false', () => {
    const { logger, records } = captured({ redact: false });
    logger.info('m', { password: 'p', url: 'http://u:p@h?token=t' });
    expect(records()[0]).toMatchObject({ password: 'p', url: 'http://u:p@h?token=t' });
  });
});

describe('paths', () => {
  const fields = { a: { b: 1, c: { b: 2 } }, list: [{ b: 3, d: 4 }], 'x.y': { b: 5 } };
  const X = '[REDACTED]';
  it.each<[string, object]>([
    ['a.b', { ...fields, a: { b: X, c: { b: 2 } } }],
    ['a', { ...fields, a: X }],
    ['a.*', { ...fields, a: { b: X, c: X } }],
    ['a.**', { ...fields, a: { b: X, c: X } }],
    ['list.*.d', { ...fields, list: [{ b: 3, d: X }] }],
    ['list[0].d', { ...fields, list: [{ b: 3, d: X }] }],
    ['["x.y"].b', { ...fields, 'x.y': { b: X } }],
    ['a.**.b', { ...fields, a: { b: X, c: { b: X } } }],
    ['**.b', { a: { b: X, c: { b: X } }, list: [{ b: X, d: 4 }], 'x.y': { b: X } }],
    ['nothing.here', fields],
  ])('%s', (path, expected) => {
    const { logger, records } = captured({ redact: { paths: [path] } });
    logger.info('m', fields);
    expect(records()[0]).toMatchObject(expected);
  });

  it('reach the entries of a Map with keys of any type', () => {
    const { logger, text, records } = captured({ redact: { paths: ['**.pin', 'n.7', 'deep.*.x'] } });
    logger.info('m', {
      m: new Map<unknown, unknown>([
        [1, { pin: 's3cr3t', kept: 1 }],
        ['text', { pin: 's3cr3t' }],
        [{ pin: 's3cr3t' }, [{ pin: 's3cr3t' }]],
      ]),
      n: new Map([
        [7, 's3cr3t'],
        [8, 'kept'],
      ]),
      deep: new Map([[{}, { x: 's3cr3t' }]]),
    });
    expect(text[0]).not.toContain('s3cr3t');
    expect(records()[0]).toMatchObject({
      m: [
        [1, { pin: X, kept: 1 }],
        ['text', { pin: X }],
        [{ pin: X }, [{ pin: X }]],
      ],
      n: [
        [7, X],
        [8, 'kept'],
      ],
      deep: [[{}, { x: X }]],
    });
  });

  it('reach children, context and errors', () => {
    const { logger, text } = captured({ redact: { paths: ['user.mail', 'error.mail'] } });
    CorrelationContext.run({ correlationId: 'c', user: { mail: 's3cr3t' } }, () => logger.info('m'));
    logger.child({ user: { mail: 's3cr3t' } }).error('m', Object.assign(new Error('e'), { mail: 's3cr3t' }));
    expect(text.join('')).not.toContain('s3cr3t');
  });
});

describe('options', () => {
  it('takes keys, and a censor whose faults stay hidden', () => {
    const { logger, records } = captured({
      redact: {
        keys: ['Tax Id'],
        censor: (value, key) => {
          if (key === 'token') throw new Error('censor');
          if (key === 'secret') return {} as string;
          return `${String(value).slice(0, 1)}***`;
        },
      },
    });
    logger.info('m', { tax_id: 'DE1', token: 't', secret: 's' });
    expect(records()[0]).toMatchObject({ tax_id: 'D***', token: '[REDACTED]', secret: '[REDACTED]' });
  });

  it('that come later reach bindings made earlier', () => {
    const { logger, records } = captured();
    const child = logger.child({ mail: 'm@x' });
    child.info('before');
    const undo = configureLogging({ redact: { keys: ['mail'] } });
    child.info('after');
    undo();
    expect(records().map(({ mail }) => mail)).toEqual(['m@x', '[REDACTED]']);
  });

  it('are refused with their name when they are wrong', () => {
    expect(() => captured({ redact: { paths: [''] } })).toThrow(
      new TypeError('redact.paths must be an array of non-empty strings, got []'),
    );
    expect(() => captured({ redact: { path: ['a'] } as never })).toThrow(
      new TypeError('redact has no option "path"; it knows paths, keys, censor, patterns, audit'),
    );
    expect(() => captured({ redact: { censor: 1 as never } })).toThrow(
      'redact.censor must be a string or a function, got 1',
    );
  });
});

describe('paths that are not steps alone', () => {
  it.each(['a..b', '.a', 'a.', 'a[]', 'a[ ]', 'a[0', 'a]', 'a[0]b', '.'])('%j is refused', (path) => {
    expect(() => captured({ redact: { paths: ['ok', path] } })).toThrow(
      new TypeError(
        `redact.paths must be steps such as user.email, list[0].x, a.*.b or **.b, none of them empty, got ${JSON.stringify(path)}`,
      ),
    );
  });

  it.each(['a', 'a.b', '**', '*.a', 'a[0][1].b', 'a.[0]', '["x.y"].b', "a[ 'x y' ]", 'a[*]', 'a-b.c d'])(
    '%j is taken',
    (path) => {
      expect(() => captured({ redact: { paths: [path] } })).not.toThrow();
    },
  );
});
