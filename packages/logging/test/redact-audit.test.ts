import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { CorrelationContext, type RedactionEvent } from '../src/index.ts';
import { captured } from './capture.ts';

const channel = 'agent4:logging:redaction';
let events: RedactionEvent[] = [];
let also: () => void = () => {};
const listen = (event: unknown): void => {
  events.push(event as RedactionEvent);
  also();
};
beforeEach(() => {
  events = [];
  also = () => {};
  subscribe(channel, listen);
});
afterEach(() => {
  unsubscribe(channel, listen);
});

it('tells path and key of what was hidden, which stays hidden', () => {
  const { logger, text } = captured({ redact: { audit: true, paths: ['user.*.mail', 'list[1]'] } });
  CorrelationContext.run({ correlationId: 'c', auth: 's3cr3t' }, () =>
    logger.child({ token: 's3cr3t' }).info('m', {
      user: { one: { mail: 's3cr3t' } },
      list: ['shown', 's3cr3t', { cards: [{ cvv: 's3cr3t' }] }],
      map: new Map<unknown, unknown>([['a b', { pin: 's3cr3t' }]]),
      'x.y': { password: 's3cr3t' },
    }),
  );
  expect(text[0]).not.toContain('s3cr3t');
  expect(events).toEqual([
    { by: 'key', key: 'token', path: 'token' },
    { by: 'key', key: 'auth', path: 'auth' },
    { by: 'path', key: 'mail', path: 'user.one.mail' },
    { by: 'path', key: '1', path: 'list[1]' },
    { by: 'key', key: 'cvv', path: 'list[2].cards[0].cvv' },
    { by: 'key', key: 'pin', path: 'map.a b.pin' },
    { by: 'key', key: 'password', path: '["x.y"].password' },
  ]);
});

it('tells what was found inside of texts, by pattern or name', () => {
  const { logger } = captured({ redact: { audit: true, patterns: true } });
  logger.info('to https://u:p@h/?token=t with npm_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8 and {"password":"p"}');
  expect(events).toEqual([
    { by: 'url', key: 'credentials', path: undefined },
    { by: 'url', key: 'token', path: undefined },
    { by: 'json', key: 'password', path: undefined },
    { by: 'pattern', key: 'npm', path: undefined },
  ]);
});

it('comes to an end when its listener logs a secret too', () => {
  const { logger, text } = captured({ redact: { audit: true } });
  also = () => logger.info('seen', { password: 'p' });
  logger.info('m', { password: 'p' });
  expect([events.length, text.length]).toEqual([1, 2]);
});

it('is silent unless it is asked for', () => {
  const { logger } = captured();
  logger.info('m', { password: 'p' });
  expect(events).toEqual([]);
});

it('does not change the line', () => {
  const fields = {
    a: 1,
    user: { password: 'p', n: [1, { b: 2 }] },
    m: new Map<unknown, unknown>([[1, 2]]),
    e: [],
  };
  const [one, other] = [captured(), captured({ redact: { audit: true } })];
  for (const { logger } of [one, other]) logger.info('m', fields);
  expect(other.text).toEqual(one.text);
});

it('is refused when it is no boolean', () => {
  expect(() => captured({ redact: { audit: 'yes' as never } })).toThrow(
    'redact.audit must be true or false, got yes',
  );
});
