import { describe, expect, it } from '@jest/globals';
import axios, { AxiosHeaders, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import fc from 'fast-check';
import { MockAgent, Headers as UndiciHeaders, request as undiciRequest } from 'undici';
import { CorrelationContext } from '../src/index.ts';
import { createPropagation, extract, inject, outgoingHeaders } from '../src/propagation.ts';
import { failures } from './failures.ts';

const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
const inRequest = <Result>(fn: () => Result): Result =>
  CorrelationContext.run(extract({ 'x-request-id': 'r', traceparent, tracestate: 'a=1' }), fn);
const ours = ['traceparent', 'tracestate', 'x-request-id'];

describe('outgoingHeaders', () => {
  it('gives an object of its own where there were none', () => {
    inRequest(() => {
      expect(Object.keys(outgoingHeaders()).sort()).toEqual(ours);
      expect(Object.keys(outgoingHeaders(null)).sort()).toEqual(ours);
    });
    expect(outgoingHeaders()).toEqual({});
  });

  it.each<[string, object, (headers: never) => Iterable<[string, string]>]>([
    ['a plain object', { Accept: '*/*' }, (headers: object) => Object.entries(headers)],
    ['a list of pairs', [['Accept', '*/*']], (headers: Array<[string, string]>) => headers],
    ['Headers', new Headers({ accept: '*/*' }), (headers: Headers) => headers.entries()],
    [
      'Headers of another copy of undici',
      new UndiciHeaders({ accept: '*/*' }),
      (headers: UndiciHeaders) => headers.entries(),
    ],
    [
      'AxiosHeaders',
      new AxiosHeaders({ accept: '*/*' }),
      (headers: AxiosHeaders) => Object.entries(headers.toJSON()) as Array<[string, string]>,
    ],
    ['a Map', new Map([['accept', '*/*']]), (headers: Map<string, string>) => headers],
    [
      'a flat list',
      ['Accept', '*/*'],
      (headers: string[]) => [
        [headers[0]!, headers[1]!],
        [headers[2]!, headers[3]!],
        [headers[4]!, headers[5]!],
        [headers[6]!, headers[7]!],
      ],
    ],
  ])('keeps the shape of %s, and the original as it was', (_name, existing, entriesOf) => {
    inRequest(() => {
      const made = outgoingHeaders(existing);
      expect(made).not.toBe(existing);
      expect(Object.getPrototypeOf(made)).toBe(Object.getPrototypeOf(existing));
      const entries = [...entriesOf(made as never)];
      expect(entries.map(([name]) => name.toLowerCase()).sort()).toEqual(['accept', ...ours]);
      expect(Object.fromEntries(entries)['x-request-id']).toBe('r');
      const before = [...entriesOf(existing as never)].filter((entry) => entry[0] !== undefined);
      expect(before).toHaveLength(1);
    });
  });

  it.each<[string, object]>([
    ['a plain object', { 'X-Request-Id': 'mine' }],
    ['a list of pairs', [['X-Request-Id', 'mine']]],
    ['a flat list', ['X-Request-Id', 'mine']],
    ['Headers', new Headers({ 'X-Request-Id': 'mine' })],
    ['AxiosHeaders', new AxiosHeaders({ 'X-Request-Id': 'mine' })],
    ['a Map', new Map([['X-Request-Id', 'mine']])],
  ])('does not replace what the user set in %s', (_name, existing) =>
    CorrelationContext.run({ correlationId: 'r' }, () => expect(outgoingHeaders(existing)).toEqual(existing)),
  );

  it('an empty list becomes an object, which every client understands', () =>
    CorrelationContext.run({ correlationId: 'r' }, () =>
      expect(outgoingHeaders([])).toEqual({ 'x-request-id': 'r' }),
    ));

  it('asks only about the target', () => {
    const { outgoingHeaders: narrow } = createPropagation({
      only: ['https://api.example', 'http://[::1]:8080'],
    });
    CorrelationContext.run({ correlationId: 'r' }, () => {
      for (const target of [
        'https://api.example/a?b',
        'https://API.example:443/',
        new URL('http://[::1]:8080/x'),
      ])
        expect(narrow({}, target)).toEqual({ 'x-request-id': 'r' });
      for (const target of [
        'http://api.example',
        'https://api.example:444',
        'https://api.example.evil',
        'https://api.example@evil.example/',
        'https://evil.example/https://api.example',
      ])
        expect(narrow({}, target)).toEqual({});
      expect(() => narrow({})).toThrow(
        new TypeError('target must be given, because only is: no address, no ids'),
      );
      expect(() => narrow({}, Object.create(null))).toThrow('got an object without a text');
      expect(() => narrow({}, '/path')).toThrow(new TypeError('target must be an absolute URL, got /path'));
    });
  });

  it('a predicate decides by the address, and a broken one says no', () => {
    const seen = failures();
    const { outgoingHeaders: byHost } = createPropagation({
      only: ({ hostname }) => hostname.endsWith('.internal'),
    });
    const { outgoingHeaders: broken } = createPropagation({
      only: () => {
        throw new Error('no');
      },
    });
    const { outgoingHeaders: late } = createPropagation({ only: (async () => true) as never });
    CorrelationContext.run({ correlationId: 'r' }, () => {
      expect(byHost({}, 'https://a.internal')).toEqual({ 'x-request-id': 'r' });
      expect(byHost({}, 'https://a.example')).toEqual({});
      expect(broken({}, 'https://a.internal')).toEqual({});
      expect(late({}, 'https://a.internal')).toEqual({});
    });
    expect(seen()).toEqual(['only: no']);
  });

  it('every value is one line of visible ASCII, whatever the context holds', () => {
    const { outgoingHeaders: all } = createPropagation({ baggage: ['a', 'b'] });
    const fields = fc.record(
      {
        correlationId: fc.string({ unit: 'binary', minLength: 1 }),
        traceId: fc.anything(),
        spanId: fc.anything(),
        traceFlags: fc.anything(),
        baggage: fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom('a', 'b'), fc.anything())),
      },
      { requiredKeys: ['correlationId'] },
    );
    fc.assert(
      fc.property(fields, (given) => {
        CorrelationContext.run(given, () => {
          for (const value of Object.values(all())) expect(value).toMatch(/^[\x21-\x7e]+$/);
        });
      }),
    );
  });

  it('refuses what is no shape of headers', () =>
    expect(() => outgoingHeaders('accept: x' as never)).toThrow(
      new TypeError('headers must be an object, got accept: x'),
    ));
});

describe('real clients', () => {
  it('an axios interceptor injects into its headers', async () => {
    const client = axios.create({
      adapter: async (config: InternalAxiosRequestConfig): Promise<AxiosResponse> => ({
        data: config.headers.toJSON(),
        status: 200,
        statusText: 'OK',
        headers: {},
        config,
      }),
    });
    client.interceptors.request.use((config) => {
      inject(config.headers);
      return config;
    });
    const { data } = await inRequest(() =>
      client.get('https://api.example/', { headers: { 'X-Request-Id': 'mine' } }),
    );
    expect(data).toMatchObject({ 'X-Request-Id': 'mine', tracestate: 'a=1' });
    expect((await inRequest(() => client.get('https://api.example/'))).data).toMatchObject({
      'x-request-id': 'r',
    });
  });

  it.each<[string, Record<string, string> | string[]]>([
    ['an object', { accept: '*/*' }],
    ['a flat list', ['accept', '*/*']],
  ])('undici takes the headers as %s', async (_name, headers) => {
    const agent = new MockAgent();
    agent.disableNetConnect();
    agent
      .get('https://api.example')
      .intercept({ path: '/', headers: { accept: '*/*', 'x-request-id': 'r', tracestate: 'a=1' } })
      .reply(200, 'ok');
    const answer = await inRequest(() =>
      undiciRequest('https://api.example/', { dispatcher: agent, headers: outgoingHeaders(headers) }),
    );
    expect(await answer.body.text()).toBe('ok');
    await agent.close();
  });
});
