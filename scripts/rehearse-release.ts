// Rehearses a release in a copy: what `changeset version` would write, without touching this tree.
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Checklist, root, run, saidBy, tool, type Verdict } from './checks.ts';
import { publishedPackages } from './published-packages.ts';

const copy = mkdtempSync(join(realpathSync(tmpdir()), 'agent4-release-'));

const git = async (args: string[], cwd = root): Promise<string | undefined> => {
  const done = await run('git', args, { cwd, env: { GIT_OPTIONAL_LOCKS: '0' } });
  return done.status === 0 ? done.stdout.trim() : undefined;
};

/** The tree as it stands: tracked and new files, nothing that git ignores. */
const filesOfTree = async (): Promise<string[]> => {
  const listed = await git(['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  if (listed === undefined) throw new Error('git ls-files failed; the rehearsal needs a git checkout');
  const names = [...new Set(listed.split('\0'))];
  return names.filter((file) => lstatSync(join(root, file), { throwIfNoEntry: false })?.isFile() === true);
};

const copyTree = (files: string[]): void => {
  for (const file of files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    copyFileSync(join(root, file), join(copy, file));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
};

/** Gives the copy a history of its own that borrows our objects, so that changesets can compare with main. */
const borrowHistory = async (): Promise<string | undefined> => {
  const base =
    (await git(['merge-base', 'HEAD', 'main'])) ?? (await git(['merge-base', 'HEAD', 'origin/main']));
  const head = await git(['rev-parse', 'HEAD']);
  const objects = await git(['rev-parse', '--path-format=absolute', '--git-path', 'objects']);
  const shallow = await git(['rev-parse', '--path-format=absolute', '--git-path', 'shallow']);
  await git(['init', '--quiet', '--initial-branch=rehearsal'], copy);
  writeFileSync(join(copy, '.git', 'info', 'exclude'), 'node_modules\n');
  if (base === undefined || head === undefined || objects === undefined) return undefined;
  writeFileSync(join(copy, '.git', 'objects', 'info', 'alternates'), `${objects}\n`);
  if (shallow !== undefined && existsSync(shallow)) copyFileSync(shallow, join(copy, '.git', 'shallow'));
  await git(['update-ref', 'refs/heads/main', base], copy);
  await git(['update-ref', 'refs/heads/rehearsal', head], copy);
  // Staged, so that a changeset not yet committed counts too.
  await git(['add', '--all'], copy);
  return base;
};

interface Changeset {
  file: string;
  packages: string[];
  text: string;
  /** Formatters of Markdown like to break the block that names the packages. */
  readable: boolean;
}

const pendingChangesets = (): Changeset[] =>
  readdirSync(join(copy, '.changeset'))
    .filter((file) => file.endsWith('.md') && file !== 'README.md')
    .map((file) => {
      const whole = readFileSync(join(copy, '.changeset', file), 'utf8');
      const parts = /^---\n([\s\S]*?)\n?---\n([\s\S]*)$/.exec(whole);
      const [, front = '', text = ''] = parts ?? [];
      const packages = [...front.matchAll(/@agent4\/[\w-]+/g)].map(([name]) => name);
      return { file, packages, text, readable: parts !== null };
    });

/** With nothing to release there would be nothing to see. */
const makeOne = (): void =>
  writeFileSync(
    join(copy, '.changeset', 'rehearsal.md'),
    `---\n"${publishedPackages[0]!.name}": patch\n---\n\nA change that only the rehearsal knows.\n`,
  );

const folderOf = (name: string): string => join(copy, 'packages', name.replace('@agent4/', ''));

const versionOf = (folder: string): string =>
  (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;

/** Changesets indents and prefixes what we wrote, but drops no line of it. */
const holds = (changelog: string, text: string): Verdict => {
  const lines = changelog.split('\n').map((line) => line.trim().replace(/^- (?:[0-9a-f]{7,}: )?/, ''));
  const lost = text
    .split('\n')
    .map((line) => line.trim().replace(/^- /, ''))
    .filter((line) => line !== '' && !lines.includes(line));
  return lost.length === 0 ? undefined : `not in the changelog: ${lost[0]}`;
};

const newer = (before: string, after: string): boolean => {
  const [a, b] = [before, after].map((version) => version.split('.').map(Number));
  const at = [0, 1, 2].find((each) => a![each] !== b![each]);
  return /^\d+\.\d+\.\d+$/.test(after) && at !== undefined && b![at]! > a![at]!;
};

const rehearse = async (list: Checklist): Promise<void> => {
  const files = await filesOfTree();
  copyTree(files);
  const base = await borrowHistory();
  const changeset = (args: string[]) => run(tool('changeset'), args, { cwd: copy });

  const manifest = `packages/${publishedPackages[0]!.name.replace('@agent4/', '')}/package.json`;
  const onMain = await git(['show', `main:${manifest}`], copy);
  if (base === undefined) list.note('no merge base with main here, so no changeset status');
  else if (
    onMain !== undefined &&
    !onMain.includes(`"version": "${versionOf(dirname(join(copy, manifest)))}"`)
  )
    list.note('the release itself: its changesets are in the changelogs already');
  else {
    const status = await changeset(['status', '--since', 'main']);
    list.check(
      'changeset status: each package changed since main has its changeset',
      status.status === 0 ? undefined : saidBy(status),
    );
  }

  if (pendingChangesets().every(({ packages }) => packages.length === 0)) makeOne();
  const pending = pendingChangesets();
  const unreadable = pending.filter(({ readable }) => !readable).map(({ file }) => file);
  list.check(
    'every changeset opens with its front matter',
    unreadable.length === 0 ? undefined : unreadable.join(', '),
  );

  const kept = files
    .filter((file) => file.endsWith('package.json') && !file.startsWith('packages/'))
    .map((file) => ({ file, text: readFileSync(join(copy, file), 'utf8') }));
  const before = new Map(publishedPackages.map(({ name }) => [name, versionOf(folderOf(name))]));
  const version = await changeset(['version']);
  list.check('changeset version', version.status === 0 ? undefined : saidBy(version));
  if (version.status !== 0) return;

  const after = new Set(publishedPackages.map(({ name }) => versionOf(folderOf(name))));
  const [release = ''] = after;
  list.check(
    `one version for the four: ${[...after].join(', ')}`,
    after.size === 1 ? undefined : 'they differ',
  );
  for (const { name } of publishedPackages) {
    const was = before.get(name)!;
    list.check(`${name}: ${was} becomes ${release}`, newer(was, release) ? undefined : 'that is not newer');
    const path = join(folderOf(name), 'CHANGELOG.md');
    const changelog = existsSync(path) ? readFileSync(path, 'utf8') : '';
    list.check(
      `${name}: CHANGELOG.md has ${release}`,
      changelog.split('\n').includes(`## ${release}`) ? undefined : 'no such heading',
    );
    for (const { file, packages, text } of pending)
      if (packages.includes(name)) list.check(`${name}: CHANGELOG.md tells ${file}`, holds(changelog, text));
  }
  const left = pendingChangesets().map(({ file }) => file);
  list.check('the changesets are used up', left.length === 0 ? undefined : `left: ${left.join(', ')}`);
  const touched = kept
    .filter(({ file, text }) => readFileSync(join(copy, file), 'utf8') !== text)
    .map(({ file }) => file);
  list.check(
    'private packages keep their package.json',
    touched.length === 0 ? undefined : `changed: ${touched.join(', ')}`,
  );
};

const list = new Checklist();
try {
  await rehearse(list);
} catch (error) {
  list.check('the rehearsal ran to its end', String(error));
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(list.lines.join('\n'));
console.log(`release rehearsal: ${list.passed} passed, ${list.failed} failed`);
process.exitCode = list.failed > 0 ? 1 : 0;
