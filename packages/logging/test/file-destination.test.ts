import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { openFileDestination } from '../src/file-destination.ts';
import { createLogger, type FileOptions, fileDestination } from '../src/index.ts';
import { heard } from './heard.ts';
import { LogFolder } from './log-folder.ts';
import { ManualTime, turn } from './manual-time.ts';
import { SmallDisk } from './small-disk.ts';

const set = (options: Partial<FileOptions> = {}, folder = new LogFolder()) => {
  const time = new ManualTime();
  const disk = new SmallDisk();
  const warnings: string[] = [];
  const file = openFileDestination(
    { path: folder.path, name: 'app', clock: time.clock, ...options },
    { fs: disk.fs, later: time.later, warn: (text) => warnings.push(text) },
  );
  return { file, folder, time, disk, warnings };
};

describe('a file destination', () => {
  it('appends the lines of a turn with one system call, in a folder it makes', async () => {
    const folder = new LogFolder();
    const { file, disk } = set({ path: join(folder.folder, 'a/b/app.log') });
    for (let at = 0; at < 100; at++) file.write(`${at}\n`);
    await turn();
    expect(disk.writeCalls).toBe(1);
    expect(folder.text('a/b/app.log').split('\n')).toHaveLength(101);
    await file.close();
  });

  it('writes in the log call with sync', async () => {
    const { file, folder } = set({ sync: true });
    createLogger({ name: 'x', destination: file }).info('now');
    expect(folder.text()).toContain('"message":"now"');
    await file.close();
  });

  it('goes on after a partial write where it stopped, also in the middle of a character', async () => {
    const { file, folder, disk } = set();
    disk.atMost = 2;
    file.write('a€b\n€\n');
    await file.flush();
    expect(folder.text()).toBe('a€b\n€\n');
    await file.close();
  });

  it('begins a new line behind half a line that a dead process left', async () => {
    const { file, folder } = set();
    writeFileSync(folder.path, 'whole\nhal');
    file.write('mine\n');
    await file.close();
    expect(folder.text()).toBe('whole\nhal\nmine\n');
  });

  it.each(['ENOSPC', 'EIO', 'EDQUOT'])(
    'holds its lines through %s, tells stderr once, and loses none',
    async (code) => {
      const failures = heard('failure');
      const { file, folder, disk, time, warnings } = set();
      file.write('a\n');
      await file.flush();
      disk.writes = code;
      for (const line of ['b\n', 'c\n', 'd\n']) {
        file.write(line);
        await time.advance(1_000);
      }
      expect(file.health()).toMatchObject({ state: 'degraded', queued: 3, queuedBytes: 6, dropped: 0 });
      expect(file.health().lastError).toContain(code);
      expect(failures.length).toBeGreaterThan(2);
      disk.writes = undefined;
      await time.advance(5_000);
      expect(folder.text()).toBe('a\nb\nc\nd\n');
      expect(warnings).toEqual([
        `agent4 logging: app takes no lines (${code}); they are held, and dropped when too many`,
        'agent4 logging: app takes lines again; none was dropped',
      ]);
      expect(file.health()).toMatchObject({ state: 'up', queued: 0 });
      await file.close();
    },
  );

  it.each(['EACCES', 'EMFILE', 'EROFS'])('holds its lines while opening fails with %s', async (code) => {
    const { file, folder, disk, time } = set();
    disk.opens = code;
    file.write('a\n');
    await time.advance(500);
    expect(file.health()).toMatchObject({ state: 'degraded', queued: 1 });
    disk.opens = undefined;
    await time.advance(5_000);
    expect(folder.text()).toBe('a\n');
    await file.close();
  });

  it('holds up to its bound, counts what is over it, and says so in the file', async () => {
    const drops = heard('drop');
    const { file, folder, disk, time, warnings } = set({ maxQueuedBytes: 1_024 });
    disk.writes = 'ENOSPC';
    file.write('first\n');
    await turn();
    for (let at = 0; at < 20; at++) file.write(`${'x'.repeat(99)}\n`);
    expect(file.health()).toMatchObject({ state: 'down', queued: 11, dropped: 10 });
    expect(drops).toHaveLength(10);
    disk.writes = undefined;
    await time.advance(5_000);
    const lines = folder.lines;
    expect(lines).toHaveLength(12);
    expect(JSON.parse(lines[11]!)).toMatchObject({
      level: 'warn',
      destination: { name: 'app' },
      dropped: 10,
    });
    expect(warnings.at(-1)).toBe('agent4 logging: app takes lines again; 10 were dropped');
    await file.close();
  });

  it('tries less and less often, and keeps no process alive for it', async () => {
    const { file, disk, time } = set();
    disk.writes = 'ENOSPC';
    file.write('a\n');
    await turn();
    const waits: number[] = [];
    for (let at = 0; at < 8; at++) {
      waits.push(time.waits[0]!);
      await time.advance(time.waits[0]!);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    disk.writes = undefined;
    await file.close();
  });

  it('flush settles after flushTimeoutMs when the disk stays full', async () => {
    const { file, disk, time } = set({ flushTimeoutMs: 300 });
    disk.writes = 'ENOSPC';
    file.write('a\n');
    let settled = false;
    void file.flush().then(() => {
      settled = true;
    });
    await time.advance(299);
    expect(settled).toBe(false);
    await time.advance(1);
    expect(settled).toBe(true);
    disk.writes = undefined;
    await file.close();
  });

  it('drops and counts what is written after close', async () => {
    const drops = heard('drop');
    const { file, folder, disk } = set();
    file.write('a\n');
    await file.close();
    file.write('b\n');
    expect([folder.text(), disk.open.size]).toEqual(['a\n', 0]);
    expect(drops).toEqual([{ destination: 'app', records: 1, reason: 'closed' }]);
  });
});

describe('a file rotated by others', () => {
  it.each(['renamed', 'removed'])(
    'is noticed within a second when %s, and no descriptor of it is kept',
    async (what) => {
      const { file, folder, time, disk } = set();
      file.write('a\n');
      await file.flush();
      const moved = join(folder.folder, 'moved');
      if (what === 'renamed') renameSync(folder.path, moved);
      else rmSync(folder.path);
      time.now += 999;
      file.write('b\n');
      await file.flush();
      expect(folder.names).toEqual(what === 'renamed' ? ['moved'] : []);
      time.now += 1;
      file.write('c\n');
      await file.flush();
      expect(folder.text()).toBe('c\n');
      if (what === 'renamed') expect(folder.text('moved')).toBe('a\nb\n');
      expect(disk.open.size).toBe(1);
      await file.close();
    },
  );

  it('is opened anew by reopen, with what was logged before in the old file', async () => {
    const { file, folder } = set();
    file.write('a\n');
    await file.flush();
    renameSync(folder.path, join(folder.folder, 'moved'));
    file.write('b\n');
    file.reopen();
    file.write('c\n');
    await file.flush();
    expect([folder.text('moved'), folder.text()]).toEqual(['a\nb\n', 'c\n']);
    await file.close();
  });

  it('never has a line in two files, even if the disk was full in its middle', async () => {
    const { file, folder, disk, time } = set();
    disk.atMost = 3;
    file.write('abcdef\n');
    const { writeSync } = disk.fs;
    let calls = 0;
    disk.fs.writeSync = (...args) => {
      if (++calls > 1) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      return writeSync(...args);
    };
    await turn();
    renameSync(folder.path, join(folder.folder, 'moved'));
    file.reopen();
    file.write('next\n');
    disk.fs.writeSync = writeSync;
    disk.atMost = Number.POSITIVE_INFINITY;
    await time.advance(5_000);
    expect([folder.text('moved'), folder.text()]).toEqual(['abcdef\n', 'next\n']);
    await file.close();
  });

  it('opens the file anew when somebody closed its descriptor, and does not close it again', async () => {
    const { file, folder, disk, time } = set();
    file.write('a\n');
    await file.flush();
    const [stolen] = disk.open;
    disk.writes = 'EBADF';
    file.write('b\n');
    await turn();
    disk.writes = undefined;
    await time.advance(100);
    expect(folder.text()).toBe('a\nb\n');
    await file.close();
    expect([...disk.open]).toEqual([stolen]);
    disk.fs.closeSync(stolen!);
  });
});

it('holds lines for a folder that can never be made, without keeping the thread', async () => {
  // In /proc Node's own recursive mkdir does not return.
  const { file } = set({ path: '/proc/nowhere/deep/app.log', flushTimeoutMs: 0 });
  file.write('a\n');
  await turn();
  expect(file.health()).toMatchObject({ state: 'degraded', queued: 1 });
  expect(file.health().lastError).toContain('ENOENT');
});

it('holds lines for a path that is a folder', async () => {
  const { file, folder, time } = set();
  mkdirSync(folder.path);
  file.write('a\n');
  await time.advance(100);
  expect(file.health()).toMatchObject({ state: 'degraded', queued: 1 });
  rmSync(folder.path, { recursive: true });
  await time.advance(5_000);
  expect(folder.text()).toBe('a\n');
  await file.close();
});

it.each<[FileOptions, string]>([
  [{} as never, 'path must be a non-empty string, got undefined'],
  [{ path: 'a\0b' }, 'path must be a non-empty string'],
  [
    { path: 'a', maxSize: 5 } as never,
    'fileDestination has no option "maxSize"; it knows path, name, maxBytes',
  ],
  [{ path: 'a', maxBytes: 0 }, 'maxBytes must be an integer >= 1, got 0'],
  [{ path: 'a', maxFiles: '3' as never }, 'maxFiles must be an integer >= 1, got 3'],
  [
    { path: 'a', interval: 'weekly' as never },
    "interval must be 'daily', 'hourly' or a number of milliseconds, got weekly",
  ],
  [{ path: 'a', interval: 5 }, 'interval must be an integer >= 1000, got 5'],
  [{ path: 'a', compress: 'gzip' as never }, 'compress must be true or false, got gzip'],
  [{ path: 'a', reopenOn: 'SIGKILL' as never }, 'reopenOn must be SIGHUP or SIGUSR2, got SIGKILL'],
])('refuses a wrong option by name: %j', (options, message) => {
  expect(() => fileDestination(options)).toThrow(message);
});
