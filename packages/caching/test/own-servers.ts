import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, listening } from '../../../scripts/services.ts';

const childrenOf = (pid: number): number[] => {
  let listed: string;
  try {
    listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  } catch {
    return []; // gone in the meantime
  }
  const direct = listed.trim().split(' ').filter(Boolean).map(Number);
  return direct.flatMap((child) => [child, ...childrenOf(child)]);
};

/** A server of the test's own, on a port that stays: it can be frozen, killed and started again with its data. */
export class OwnServer {
  readonly port: number;
  readonly url: string;
  readonly #folder: string;
  readonly #command: readonly [string, ...string[]];
  readonly #ready: () => Promise<boolean>;
  #child: ChildProcess | undefined;

  constructor(
    port: number,
    url: string,
    folder: string,
    command: readonly [string, ...string[]],
    ready: () => Promise<boolean>,
  ) {
    this.#ready = ready;
    this.port = port;
    this.url = url;
    this.#folder = folder;
    this.#command = command;
  }

  async start(): Promise<void> {
    const [program, ...args] = this.#command;
    this.#child = spawn(program, args, { stdio: 'ignore' });
    for (let attempt = 0; attempt < 300; attempt++) {
      if (await this.#ready()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${program} did not answer on ${this.port} within 15 s`);
  }

  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    this.#signal('SIGKILL');
    await gone;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  // PostgreSQL serves each connection in a process of its own.
  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child!;
    for (const one of [pid!, ...childrenOf(pid!)])
      try {
        process.kill(one, signal);
      } catch (error) {
        // Processes of PostgreSQL come and go.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
  }
}

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** Redis that keeps every write on disk; undefined where it is not installed. */
export const ownRedis = async (): Promise<OwnServer | undefined> => {
  if (!has('redis-server')) return undefined;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'agent4-redis-'));
  const settings = `--port ${port} --bind 127.0.0.1 --save  --appendonly yes --appendfsync always --dir ${folder}`;
  return new OwnServer(
    port,
    `redis://127.0.0.1:${port}`,
    folder,
    ['redis-server', ...settings.split(' ')],
    () => listening(port),
  );
};

const postgresRoot = '/usr/lib/postgresql';

/** PostgreSQL as an unprivileged user; undefined where it is not installed. */
export const ownPostgres = async (): Promise<OwnServer | undefined> => {
  const [version] = existsSync(postgresRoot) ? readdirSync(postgresRoot).sort().reverse() : [];
  if (version === undefined) return undefined;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'agent4-postgres-'));
  const asRoot = process.getuid?.() === 0;
  if (asRoot) spawnSync('chown', ['postgres:postgres', folder]);
  const program = (name: string): [string, ...string[]] => {
    const path = join(postgresRoot, version, 'bin', name);
    return asRoot ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', path] : [path];
  };
  const data = join(folder, 'data');
  const [init, ...args] = program('initdb');
  const made = spawnSync(init, [...args, '-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync']);
  if (made.status !== 0) throw new Error(`initdb failed: ${String(made.stderr)}`);
  const settings = `-D ${data} -p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off`;
  // It listens before it serves.
  const ready = async () =>
    spawnSync(join(postgresRoot, version, 'bin', 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)])
      .status === 0;
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  return new OwnServer(port, url, folder, [...program('postgres'), ...settings.split(' ')], ready);
};
