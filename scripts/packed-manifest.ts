// What a packed package.json and its files must look like.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { minifySync } from '@swc/core';
import type { Verdict } from './checks.ts';

export interface Manifest {
  name: string;
  version: string;
  license?: string;
  description?: string;
  type?: string;
  engines?: Record<string, string>;
  repository?: { type?: string; url?: string; directory?: string };
  exports?: Record<string, string | { types?: string; default?: string }>;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
  devDependencies?: Record<string, string>;
}

const dependencyFields = [
  'dependencies',
  'optionalDependencies',
  'peerDependencies',
  'devDependencies',
] as const;

export const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Every file below a folder, as sorted relative paths. */
export const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();

/** The entries that hold code, by subpath; `./package.json` is none. */
export const codeEntries = (manifest: Manifest): Record<string, { types?: string; default?: string }> =>
  Object.fromEntries(
    Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) =>
      typeof target === 'string' ? [] : [[subpath, target]],
    ),
  );

const list = (problems: string[]): Verdict => (problems.length === 0 ? undefined : problems.join('; '));

/** pnpm resolves its own protocols on packing; one left over cannot be installed. */
export const onlyPlainRanges = (manifest: Manifest): Verdict =>
  list(
    dependencyFields.flatMap((field) =>
      Object.entries(manifest[field] ?? {})
        .filter(([, range]) => /^(catalog|workspace|link|file|portal):/.test(range))
        .map(([name, range]) => `${field}.${name} is "${range}"`),
    ),
  );

/** A dependency with `^` is shared with the user's own copy; an exact one is installed twice. */
export const onlyCaretDependencies = (manifest: Manifest): Verdict =>
  list(
    (['dependencies', 'optionalDependencies'] as const).flatMap((field) =>
      Object.entries(manifest[field] ?? {})
        .filter(([, range]) => !/^\^\d+\.\d+\.\d+$/.test(range))
        .map(([name, range]) => `${field}.${name} is "${range}", not a ^ range`),
    ),
  );

export const noSisterPackage = (manifest: Manifest): Verdict =>
  list(
    dependencyFields.flatMap((field) =>
      Object.keys(manifest[field] ?? {})
        .filter((name) => name.startsWith('@agent4/'))
        .map((name) => `${field} lists ${name}`),
    ),
  );

export const describesItself = (manifest: Manifest): Verdict =>
  list([
    ...(manifest.license === 'MIT' ? [] : [`license is ${manifest.license}, not MIT`]),
    ...(manifest.type === 'module' ? [] : [`type is ${manifest.type}, not module`]),
    ...(manifest.engines?.node === '>=22.19' ? [] : [`engines.node is ${manifest.engines?.node}`]),
    ...((manifest.description ?? '').length > 10 ? [] : ['there is no description']),
    ...(manifest.repository === undefined || manifest.repository.url !== undefined
      ? []
      : ['repository has no url']),
  ]);

const allowed = /^(dist\/.+\.(js|d\.ts)|docs\/[\w-]+\.md|README\.md|CHANGELOG\.md|LICENSE|package\.json)$/;

export const carriesOnlyItsFiles = (manifest: Manifest, files: string[]): Verdict =>
  list([
    ...files.filter((file) => !allowed.test(file)).map((file) => `${file} does not belong there`),
    ...['README.md', 'LICENSE', 'package.json', 'dist/index.js', 'dist/index.d.ts']
      // The first release writes the changelog; before it there is none.
      .concat(manifest.version === '0.0.0' ? [] : ['CHANGELOG.md'])
      .filter((file) => !files.includes(file))
      .map((file) => `${file} is missing`),
  ]);

export const exportsExist = (manifest: Manifest, folder: string): Verdict =>
  list(
    Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) =>
      (typeof target === 'string' ? [target] : Object.values(target))
        .filter((file) => !existsSync(join(folder, file)))
        .map((file) => `${subpath} points to ${file}, which is not packed`),
    ),
  );

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

/** Sizes as a user meets them. The minified figure is of all code, each file by itself: a bundle is smaller. */
export const sizes = (tarball: string, folder: string, files: string[]): string => {
  const total = files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
  const code = files
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  const options = { module: true, compress: true, mangle: true };
  const minified = code.map((text) => minifySync(text, options).code).join('\n');
  return [
    `packed ${kilobytes(statSync(tarball).size)}`,
    `unpacked ${kilobytes(total)} in ${files.length} files`,
    `js ${kilobytes(Buffer.byteLength(code.join('\n')))}`,
    `minified and gzipped ${kilobytes(gzipSync(minified).length)}`,
  ].join(', ');
};
