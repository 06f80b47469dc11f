// Packs the four packages as they would be published, installs each alone in an empty project, and uses it
// there the way a stranger would: import, require and types, on every Node we promise.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Checklist, type Finished, pnpm, root, run, saidBy, tool, type Verdict } from './checks.ts';
import { type InstalledNode, installNode, supportedNodes } from './node-versions.ts';
import * as packed from './packed-manifest.ts';
import { type PublishedPackage, publishedPackages } from './published-packages.ts';

const started = Date.now();
const workshop = mkdtempSync(join(realpathSync(tmpdir()), 'agent4-check-'));

/** Loads argv[2] and prints what kind of thing each of its exports is. */
const kinds = 'JSON.stringify(Object.fromEntries(Object.entries(loaded).map(([k, v]) => [k, typeof v])))';
const probes = {
  import: ['probe.mjs', `const loaded = await import(process.argv[2]);\nconsole.log(${kinds});\n`],
  require: ['probe.cjs', `const loaded = require(process.argv[2]);\nconsole.log(${kinds});\n`],
} as const;

const failure = (finished: Finished): Verdict => (finished.status === 0 ? undefined : saidBy(finished));

const install = (folder: string, specs: string[]): Promise<Finished> =>
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', ...specs], {
    cwd: folder,
  });

const emptyProject = (name: string): string => {
  const folder = join(workshop, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  for (const [file, code] of Object.values(probes)) writeFileSync(join(folder, file), code);
  return folder;
};

const specifier = (name: string, subpath: string): string => name + subpath.slice(1);

/** Loads one entry in one way on one Node; the entry must bring its names, and the process must end by itself. */
const load = async (
  project: string,
  node: InstalledNode,
  way: keyof typeof probes,
  name: string,
  names: readonly string[],
): Promise<Verdict> => {
  if (node.program === undefined) return `Node ${node.wanted} could not be installed: ${node.problem}`;
  const probe = await run(node.program, [probes[way][0], name], { cwd: project, timeoutMs: 20_000 });
  if (probe.status !== 0) return /^.*Error.*$/m.exec(probe.stderr)?.[0] ?? saidBy(probe);
  if (probe.stderr.trim() !== '') return `loading it printed: ${probe.stderr.trim()}`;
  const found = JSON.parse(probe.stdout) as Record<string, string>;
  if (Object.keys(found).length === 0) return 'it exports nothing';
  const missing = names.filter((each) => found[each] !== 'function' && found[each] !== 'object');
  return missing.length === 0 ? undefined : `no function or object named ${missing.join(', ')}`;
};

/** Compiles a consumer under strict settings; only what is said about our own declarations counts. */
const compiles = async (project: string, name: string, subpaths: string[]): Promise<Verdict> => {
  const lines = subpaths.map((subpath, at) => `export * as entry${at} from '${specifier(name, subpath)}';`);
  writeFileSync(join(project, 'consumer.mts'), `${lines.join('\n')}\n`);
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    target: 'es2023',
    lib: ['es2023'],
    module: 'nodenext',
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.mts'] }));
  const checked = await run(tool('tsc'), ['-p', 'tsconfig.json', '--pretty', 'false'], { cwd: project });
  const ours = checked.stdout
    .split('\n')
    .filter((line) => line.startsWith('consumer.mts') || line.startsWith(`node_modules/${name}/`));
  return ours.length === 0 ? undefined : ours.slice(0, 5).join(' | ');
};

/** `>=5.6 <7` promises 5.6 too: the oldest version a peer range allows. */
const oldest = (range: string): string | undefined => /^>=\s*(\d+(?:\.\d+)*)/.exec(range)?.[1];

const checkOne = async (
  { name, entries }: PublishedPackage,
  tarball: string,
  nodes: InstalledNode[],
): Promise<Checklist> => {
  const list = new Checklist();
  const project = emptyProject(basename(name));
  const installed = await install(project, [tarball]);
  list.check('the tarball alone installs in an empty project', failure(installed));
  if (installed.status !== 0) return list;

  const folder = join(project, 'node_modules', ...name.split('/'));
  const manifest = packed.readManifest(folder);
  const files = packed.filesOf(folder);
  list.check('package.json: no catalog: and no workspace:', packed.onlyPlainRanges(manifest));
  list.check('package.json: dependencies are ^ ranges', packed.onlyCaretDependencies(manifest));
  list.check('package.json: lists no other @agent4 package', packed.noSisterPackage(manifest));
  list.check('package.json: license, type, engines, description', packed.describesItself(manifest));
  list.check(
    'files: dist, docs, README, CHANGELOG, LICENSE, package.json',
    packed.carriesOnlyItsFiles(manifest, files),
  );
  list.check('exports: every target is packed', packed.exportsExist(manifest, folder));

  const subpaths = Object.keys(packed.codeEntries(manifest));
  const unknown = Object.keys(entries).filter((subpath) => !subpaths.includes(subpath));
  list.check('exports: every promised entry is there', unknown.length ? unknown.join(', ') : undefined);

  const loadAll = async (which: string[], onNodes: InstalledNode[], note = ''): Promise<void> => {
    for (const node of onNodes)
      for (const subpath of which)
        for (const way of ['import', 'require'] as const)
          list.check(
            `Node ${node.version || node.wanted}: ${way} ${specifier(name, subpath)}${note}`,
            await load(project, node, way, specifier(name, subpath), entries[subpath] ?? []),
          );
  };

  const optional = Object.entries(manifest.peerDependencies ?? {}).filter(
    ([peer]) => manifest.peerDependenciesMeta?.[peer]?.optional === true,
  );
  const required = Object.entries(manifest.peerDependencies ?? {}).filter(
    ([peer]) => manifest.peerDependenciesMeta?.[peer]?.optional !== true,
  );
  // The root must load without any optional peer; a subpath may need one, and is tried once it is there.
  await loadAll(optional.length === 0 ? subpaths : ['.'], nodes);
  if (optional.length > 0) {
    const added = await install(
      project,
      optional.map(([peer, range]) => `${peer}@${range}`),
    );
    list.check(`optional peers install: ${optional.map(([peer]) => peer).join(', ')}`, failure(added));
    await loadAll(
      subpaths.filter((subpath) => subpath !== '.'),
      nodes,
      ' with optional peers',
    );
  }
  list.check('types: a strict consumer compiles', await compiles(project, name, subpaths));

  for (const [peer, range] of required) {
    const version = oldest(range);
    if (version === undefined) continue;
    const added = await install(project, [`${peer}@${version}`]);
    list.check(`the oldest peer installs: ${peer} ${version}`, failure(added));
    await loadAll(['.'], nodes.slice(0, 1), ` with ${peer} ${version}`);
  }

  list.check(
    'publint --strict',
    failure(await run(tool('publint'), ['run', tarball, '--strict'], { cwd: workshop })),
  );
  const attw = [tarball, '--profile', 'esm-only', '--no-definitely-typed', '--no-color', '--no-emoji'];
  list.check('attw --profile esm-only', failure(await run(tool('attw'), attw, { cwd: workshop })));
  list.note(packed.sizes(tarball, folder, files));
  return list;
};

const main = async (): Promise<number> => {
  const installing = Promise.all(supportedNodes.map(installNode));
  const pack = await pnpm(
    ['--filter', './packages/*', 'pack', '--pack-destination', workshop, '--json'],
    root,
  );
  const nodes = await installing;
  const general = new Checklist();
  for (const node of nodes)
    general.check(
      `Node ${node.wanted} from npm${node.version ? `: ${node.version}` : ''}`,
      node.program === undefined ? node.problem : undefined,
    );
  general.check('pnpm pack', failure(pack));
  const tarballs = new Map(
    pack.status === 0
      ? (JSON.parse(pack.stdout) as { name: string; filename: string }[]).map((made) => [
          made.name,
          made.filename,
        ])
      : [],
  );
  const unlisted = [...tarballs.keys()].filter(
    (name) => !publishedPackages.some((each) => each.name === name),
  );
  general.check('no package is published that is not checked', unlisted.join(', ') || undefined);
  console.log(general.lines.join('\n'));

  const lists = [general];
  for (const published of publishedPackages) {
    const tarball = tarballs.get(published.name);
    const list = tarball === undefined ? new Checklist() : await checkOne(published, tarball, nodes);
    if (tarball === undefined) list.check('is packed', 'there is no tarball');
    console.log([published.name, ...list.lines].join('\n'));
    lists.push(list);
  }
  const passed = lists.reduce((sum, list) => sum + list.passed, 0);
  const failed = lists.reduce((sum, list) => sum + list.failed, 0);
  console.log(`took ${((Date.now() - started) / 1000).toFixed(0)} s`);
  console.log(`check-packages: ${passed} passed, ${failed} failed`);
  return failed;
};

try {
  process.exitCode = (await main()) > 0 ? 1 : 0;
} catch (error) {
  console.error(error);
  console.log('check-packages: 0 passed, 1 failed');
  process.exitCode = 1;
} finally {
  rmSync(workshop, { recursive: true, force: true });
}
