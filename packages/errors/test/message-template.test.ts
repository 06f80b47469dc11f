import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { messageTemplate } from '../src/analytics.ts';

describe('parameters', () => {
  it.each([
    ['mail to ada@example.com failed', 'mail to <email> failed'],
    ['GET https://api.example.com/v1/users?id=3 gave 503', 'GET <url> gave <n>'],
    ['getaddrinfo ENOTFOUND db-7.prod.internal', 'getaddrinfo ENOTFOUND <hostname>'],
    ['connect ECONNREFUSED 127.0.0.1:54321', 'connect ECONNREFUSED <ip>'],
    ['connect ECONNREFUSED ::1:5432', 'connect ECONNREFUSED <ip>'],
    ['from [2001:db8::7]:443.', 'from <ip>.'],
    ['Timer::start failed in A::b', 'Timer::start failed in A::b'],
    ['no order 9f1c7c1e-52ab-4c39-9a0d-0d3a5c2f7b11', 'no order <uuid>'],
    ['bad block 0xdeadBEEF of 4bf92f3577b34da6', 'bad block <hex> of <hex>'],
    ['decade facade defaced', 'decade facade defaced'],
    ['since 2026-11-23T20:31:00.123Z, at 20:31:00', 'since <date>, at <time>'],
    ['since 2026-11-23 and 23.11.2026', 'since <date> and <date>'],
    ['waited 1500ms of 2.5 s for -3 rows', 'waited <duration> of <n> s for <n> rows'],
    ['body of 12MB (13.5 KiB)', 'body of <size> (<n> KiB)'],
    [`no column "na\tme" in 'users' of \`db\``, 'no column <text> in <text> of <text>'],
    [`can't find user 'x', isn't there`, `can't find user <text>, isn't there`],
    [`don't use the users' table`, `don't use the users' table`],
    ['user_id=17 key=4bf92f3577b34da6, port:5432', 'user_id=<n> key=<hex>, port:<n>'],
    ['shard12 of worker-3 in store.ts', 'shard<n> of worker-<n> in store.ts'],
    ['to db.prod.acme.corp:5432 from a.svc', 'to <hostname> from <hostname>'],
    ['in store.test.ts:12 of user.name', 'in store.test.ts:<n> of user.name'],
    ['getaddrinfo ENOTFOUND redis', 'getaddrinfo ENOTFOUND <hostname>'],
    ['since Mon, 23 Nov 2026 20:31:00 GMT', 'since <date> GMT'],
    [`name='it's here' "a b"`, `name=<text> <text>`],
    ['at=2026-11-23T20:31:00Z urn:uuid:9f1c7c1e-52ab-4c39-9a0d-0d3a5c2f7b11', 'at=<date> urn:uuid:<uuid>'],
    ['PUT /users/17/carts/4bf92f3577b34da6', 'PUT /users/<n>/carts/<hex>'],
    ['no order_01J9ZQ4N7R8S2T5V', 'no <id>'],
    ['', ''],
    ['  a \n\n b  ', 'a b'],
  ])('%j becomes %j', (message, template) => {
    expect(messageTemplate(message)).toBe(template);
  });

  it('is the same whatever stands in a parameter', () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.ipV4(),
        fc.ipV6(),
        fc.integer({ min: 1, max: 65_535 }),
        fc.date({ min: new Date(0), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true }),
        fc.nat(),
        (uuid, ip4, ip6, port, date, number) => {
          const message = `order ${uuid} from ${ip4}:${port} via [${ip6}]:${port} at ${date.toISOString()} row ${number}`;
          expect(messageTemplate(message)).toBe('order <uuid> from <ip> via <ip> at <date> row <n>');
        },
      ),
    );
  });
});

describe('work', () => {
  /** Text that counts the characters somebody takes out of it. */
  class Counted extends String {
    taken = 0;
    override slice(from?: number, to?: number): string {
      const text = super.slice(from, to);
      this.taken += text.length;
      return text;
    }
  }

  it('sees the first 512 characters only, of a megabyte as of ten', () => {
    for (const size of [1_000_000, 10_000_000]) {
      const text = new Counted('a1 '.repeat(size / 3));
      messageTemplate(text as unknown as string);
      expect(text.taken).toBe(512);
    }
    const head = 'x '.repeat(256);
    expect(messageTemplate(`${head}tail one`)).toBe(messageTemplate(`${head}${'y'.repeat(1_000_000)}`));
  });

  it.each([
    ['quotes', `"'\``],
    ['at signs', 'a@'],
    ['dots', 'a.'],
    ['colons', '1:'],
    ['brackets', '(['],
    ['closing', ')'],
    ['equals', 'a='],
    ['digits', '1'],
    ['hex', 'a1'],
    ['dashes', '1-'],
    ['slashes', '1/'],
  ])('gives at most 200 characters for a megabyte of %s', (_, piece) => {
    const template = messageTemplate(piece.repeat(1_000_000 / piece.length));
    expect(template.length).toBeLessThanOrEqual(200);
    expect(messageTemplate(piece.repeat(1_000_000 / piece.length))).toBe(template);
  });
});
