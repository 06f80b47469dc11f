import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';

const own = join(import.meta.dirname, '..');
// Inside of the package, so that what the declarations import is found.
const folder = mkdtempSync(join(own, 'node_modules', '.types-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the compiler says; empty when all is well. */
const compile = (project: string): string => {
  try {
    return execFileSync(join(own, '..', '..', 'node_modules', '.bin', 'tsc'), ['-p', project], {
      encoding: 'utf8',
    });
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout);
  }
};

it('the declarations of the main entry compile without those of Node', () => {
  const emitting = join(folder, 'emit.json');
  writeFileSync(
    emitting,
    JSON.stringify({
      extends: join(own, 'tsconfig.build.json'),
      compilerOptions: { rootDir: join(own, 'src'), outDir: join(folder, 'dist'), emitDeclarationOnly: true },
      include: [join(own, 'src')],
    }),
  );
  expect(compile(emitting)).toBe('');
  const using = join(folder, 'use.json');
  writeFileSync(join(folder, 'use.mts'), "export * from './dist/index.js';\n");
  writeFileSync(
    using,
    JSON.stringify({
      compilerOptions: {
        ...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, types: [] },
        ...{ target: 'es2023', lib: ['es2023', 'esnext.disposable', 'dom'], module: 'nodenext' },
      },
      files: ['use.mts'],
    }),
  );
  expect(compile(using)).toBe('');
}, 60_000);
