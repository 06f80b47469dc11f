import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, listening, onPath, postgresBinaries } from '../../../../scripts/services.ts';

/** A server of our own, on a free port, with its data in a temporary folder: it may be stopped, paused and started again. */
export interface DrillServer {
  readonly url: string;
  start(): Promise<void>;
  /** Ends it at once, as a crash would. */
  stop(): Promise<void>;
  /** Stops it and its children from running; their sockets stay open. */
  pause(): void;
  resume(): void;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

/** PostgreSQL serves each connection in a process of its own, which a signal to the first one does not reach. */
const family = (pid: number): number[] => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').map(Number))];
};

const serverOf = (folder: string, port: number, url: string, command: [string, string[]]): DrillServer => {
  let child: ChildProcess | undefined;
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of child?.pid === undefined ? [] : family(child.pid)) {
      try {
        process.kill(pid, name);
      } catch {
        // It ended in the meantime.
      }
    }
  };
  // A drill that fails half-way must not leave a paused server behind.
  const atExit = (): void => {
    signal('SIGCONT');
    child?.kill('SIGQUIT');
  };
  process.on('exit', atExit);
  const server: DrillServer = {
    url,
    start: async () => {
      child = spawn(...command, { stdio: 'ignore' });
      for (let attempt = 0; attempt < 300; attempt++) {
        if (await listening(port)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`${command[0]} did not listen within 15 s`);
    },
    stop: async () => {
      if (child === undefined) return;
      const ending = child;
      // SIGQUIT is PostgreSQL's immediate shutdown, which takes its children along; to Redis it is an end like any other.
      ending.kill('SIGQUIT');
      const late = setTimeout(() => ending.kill('SIGKILL'), 5_000);
      await ended(ending);
      clearTimeout(late);
      child = undefined;
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    remove: async () => {
      signal('SIGCONT');
      await server.stop();
      process.off('exit', atExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return server;
};

/** Undefined when no Redis is installed. */
export const redisServer = async (): Promise<DrillServer | undefined> => {
  const binary = onPath('redis-server') ?? onPath('valkey-server');
  if (binary === undefined) return undefined;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'agent4-drill-redis-'));
  const options = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  return serverOf(folder, port, `redis://127.0.0.1:${port}`, [binary, ['--port', String(port), ...options]]);
};

/** Undefined when no PostgreSQL is installed. Runs as the user `postgres` when we are root. */
export const postgresServer = async (): Promise<DrillServer | undefined> => {
  const bin = postgresBinaries();
  if (bin === undefined) return undefined;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'agent4-drill-postgres-'));
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
  const options = ['-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'];
  return serverOf(
    folder,
    port,
    `postgres://postgres@127.0.0.1:${port}/postgres`,
    command('postgres', ['-D', data, '-p', String(port), ...options]),
  );
};
