import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const packages = fileURLToPath(new URL('../../packages', import.meta.url));
const names = ['caching', 'errors', 'logging', 'resilience'];

interface Manifest {
  name: string;
  exports: Record<string, unknown>;
  [field: string]: unknown;
}

const manifestOf = (name: string): Manifest =>
  JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8')) as Manifest;

const entry = (file: string) => ({ types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` });

// Frozen: a subpath is public from the day it is released. Changing a line here is changing the surface.
const exportMaps: Record<string, Record<string, unknown>> = {
  caching: {
    '.': entry('index'),
    './codecs': entry('codecs'),
    './otel': entry('otel'),
    './postgres': entry('postgres'),
    './prometheus': entry('prometheus'),
    './redis': entry('redis'),
    './package.json': './package.json',
  },
  errors: {
    '.': entry('index'),
    './analytics': entry('analytics'),
    './client': entry('client'),
    './express': entry('express'),
    './fastify': entry('fastify'),
    './grpc': entry('grpc'),
    './otel': entry('otel'),
    './recovery': entry('recovery'),
    './serialize': entry('serialize'),
    './package.json': './package.json',
  },
  logging: {
    '.': entry('index'),
    './propagation': entry('propagation'),
    './http': entry('http'),
    './testing': entry('testing'),
    './worker': entry('worker'),
    './package.json': './package.json',
  },
  resilience: {
    '.': entry('index'),
    './alerts': entry('alerts'),
    './http': entry('http'),
    './otel': entry('otel'),
    './prometheus': entry('prometheus'),
    './testing': entry('testing'),
    './package.json': './package.json',
  },
};

// What each package brings along, or wants from its user.
const dependencies: Record<string, Record<string, string[]>> = {
  caching: { peerDependencies: ['keyv'] },
  errors: {},
  logging: { dependencies: ['winston', 'winston-transport'] },
  resilience: { dependencies: ['cockatiel'] },
};

const fields = ['dependencies', 'optionalDependencies', 'peerDependencies', 'devDependencies'];
const keysOf = (value: unknown): string[] => Object.keys((value ?? {}) as object).sort();

it('publishes exactly the four packages', () => {
  expect(readdirSync(packages).sort()).toEqual(names);
  expect(names.map((name) => manifestOf(name).name)).toEqual(names.map((name) => `@agent4/${name}`));
});

describe.each(names)('@agent4/%s', (name) => {
  it('lists no other @agent4 package in any dependency field', () => {
    const manifest = manifestOf(name);
    const listed = fields.flatMap((field) => keysOf(manifest[field]));
    expect(listed.filter((dependency) => dependency.startsWith('@agent4/'))).toEqual([]);
  });

  it('imports no other @agent4 package', () => {
    const folder = join(packages, name, 'src');
    const importing = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name))
      .filter((file) => /(from|import\(?)\s*['"]@agent4\//.test(readFileSync(file, 'utf8')));
    expect(importing).toEqual([]);
  });

  it('has the pinned export map', () => {
    expect(manifestOf(name).exports).toEqual(exportMaps[name]);
  });

  it('brings along what is pinned, and nothing else', () => {
    const manifest = manifestOf(name);
    const brought = Object.fromEntries(
      ['dependencies', 'optionalDependencies', 'peerDependencies']
        .filter((field) => manifest[field] !== undefined)
        .map((field) => [field, keysOf(manifest[field])]),
    );
    expect(brought).toEqual(dependencies[name]);
  });
});
