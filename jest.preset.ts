import type { Config } from 'jest';

type Dialect = 'tc39' | 'legacy';

const swc = (dialect: Dialect): [string, Record<string, unknown>] => [
  '@swc/jest',
  {
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: dialect === 'legacy' ? { legacyDecorator: true } : { decoratorVersion: '2022-03' },
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  },
];

const project = (name: string, dialect: Dialect): NonNullable<Config['projects']>[number] => ({
  displayName: dialect === 'legacy' ? `${name} (legacy decorators)` : name,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: dialect === 'legacy' ? ['<rootDir>/test/**/*.legacy.test.ts'] : ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns:
    dialect === 'legacy' ? ['/node_modules/'] : ['/node_modules/', '\\.legacy\\.test\\.ts$'],
  transform: { '\\.ts$': swc(dialect) },
});

/**
 * The one jest configuration of the repository.
 * Decorators come in two dialects that no single transform understands, so a package that has
 * `*.legacy.test.ts` files asks for a second project.
 */
export const preset = (name: string, options: { legacyDecorators?: boolean } = {}): Config => ({
  projects: [project(name, 'tc39'), ...(options.legacyDecorators ? [project(name, 'legacy')] : [])],
  // Many tests start real processes and servers; a hanging one is told from a slow machine by this, and by nothing else.
  testTimeout: 30_000,
  reporters: ['default', [new URL('scripts/jest-tally.ts', import.meta.url).pathname, { name }]],
});
