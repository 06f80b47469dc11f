import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real server for the tests: where it is, how it was found, how to end it if we started it. */
export interface Service {
  url: string;
  origin: 'environment' | 'loopback' | 'started';
  stop: () => Promise<void>;
}

const notOurs = async (): Promise<void> => {};

/** Is something listening there? */
export const listening = (port: number, host = '127.0.0.1'): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });

const until = async (what: string, ready: () => Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (await ready()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what} did not answer within 15 s`);
};

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

export const onPath = (name: string): string | undefined => {
  const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : undefined;
};

/** Starts a Redis of our own on a free port; undefined when no binary is installed. */
export const startRedis = async (): Promise<(Service & { pid: number; port: number }) | undefined> => {
  const binary = onPath('redis-server') ?? onPath('valkey-server');
  if (binary === undefined) return undefined;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'agent4-redis-'));
  const child = spawn(
    binary,
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    { stdio: 'ignore' },
  );
  await until('redis', () => listening(port));
  return {
    url: `redis://127.0.0.1:${port}`,
    origin: 'started',
    pid: child.pid!,
    port,
    stop: async () => {
      child.kill('SIGKILL');
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

export const postgresBinaries = (): string | undefined => {
  const root = '/usr/lib/postgresql';
  if (existsSync(root)) {
    const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
    for (const version of versions)
      if (existsSync(join(root, version, 'bin', 'initdb'))) return join(root, version, 'bin');
  }
  return undefined;
};

/** Starts a PostgreSQL of our own on a free port, as an unprivileged user when we are root; undefined when no binary is installed. */
export const startPostgres = async (): Promise<(Service & { pid: number; port: number }) | undefined> => {
  const bin = postgresBinaries();
  if (bin === undefined) return undefined;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'agent4-postgres-'));
  const asRoot = process.getuid?.() === 0;
  const command = (program: string, args: string[]): [string, string[]] =>
    asRoot
      ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', join(bin, program), ...args]]
      : [join(bin, program), args];
  if (asRoot) spawnSync('chown', ['postgres:postgres', folder]);
  const data = join(folder, 'data');
  const init = spawnSync(...command('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync']), {
    encoding: 'utf8',
  });
  if (init.status !== 0) throw new Error(`initdb failed: ${init.stderr}`);
  const child = spawn(
    ...command('postgres', [
      '-D',
      data,
      '-p',
      String(port),
      '-k',
      folder,
      '-c',
      'listen_addresses=127.0.0.1',
    ]),
    {
      stdio: 'ignore',
    },
  );
  await until('postgres', () => listening(port));
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    origin: 'started',
    pid: child.pid!,
    port,
    stop: async () => {
      child.kill('SIGINT');
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** REDIS_URL, else loopback at the standard port, else an installed binary, else nothing. */
export const findRedis = async (): Promise<Service | undefined> => {
  const url = process.env['REDIS_URL'];
  if (url) return { url, origin: 'environment', stop: notOurs };
  if (await listening(6379)) return { url: 'redis://127.0.0.1:6379', origin: 'loopback', stop: notOurs };
  return startRedis();
};

/** DATABASE_URL, else loopback at the standard port, else an installed binary, else nothing. */
export const findPostgres = async (): Promise<Service | undefined> => {
  const url = process.env['DATABASE_URL'];
  if (url) return { url, origin: 'environment', stop: notOurs };
  if (await listening(5432))
    return { url: 'postgres://postgres@127.0.0.1:5432/postgres', origin: 'loopback', stop: notOurs };
  return startPostgres();
};
