import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import * as express from '../src/express.ts';
import * as fastify from '../src/fastify.ts';
import * as grpc from '../src/grpc.ts';
import * as otel from '../src/otel.ts';
import * as recovery from '../src/recovery.ts';
import * as serialize from '../src/serialize.ts';

/** Each entry with the files that are its own. */
const entries = {
  client: /^client/,
  express: /^(express|http-answer)/,
  fastify: /^(fastify|http-answer)/,
  grpc: /^grpc/,
  otel: /^otel/,
  recovery: /^recovery/,
  serialize: /^serialize/,
};
const all = /^(analytics|recovery|client|express|fastify|http-answer|grpc|otel|serialize)/;

const filesOf = async (entry: string): Promise<string[]> => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${entry}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    platform: 'node',
    packages: 'external',
    format: 'esm',
    metafile: true,
    logLevel: 'silent',
  });
  const external = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  return [...Object.keys(metafile.inputs).map((name) => name.replace(/^.*src\//, '')), ...external];
};

describe.each(Object.entries(entries))('./%s', (entry, own) => {
  it('loads nothing of the other subpaths and no package', async () => {
    const files = await filesOf(entry);
    expect(files).toContain(`${entry}.ts`);
    expect(files.filter((name) => all.test(name) && !own.test(name))).toEqual([]);
    expect(files.filter((name) => !name.endsWith('.ts') && !name.startsWith('node:'))).toEqual([]);
  });
});

it('the root loads none of them', async () => {
  const files = await filesOf('index');
  expect(files.filter((name) => Object.values(entries).some((own) => own.test(name)))).toEqual([]);
});

it('serialize and client do without the rules of classify', async () => {
  for (const entry of ['serialize', 'client'])
    expect((await filesOf(entry)).filter((name) => name.startsWith('rules/'))).toEqual([]);
});

it('each exports these values and no others', () => {
  const names = Object.entries({ express, fastify, grpc, otel, recovery, serialize }).map(
    ([entry, exports]) => [entry, Object.keys(exports).sort()],
  );
  expect(Object.fromEntries(names)).toEqual({
    express: ['errorHandler'],
    fastify: ['errorHandler'],
    grpc: ['fromGrpcStatus', 'toGrpcStatus'],
    otel: ['recordError'],
    recovery: ['recover'],
    serialize: ['deserializeError', 'serializeError'],
  });
});
