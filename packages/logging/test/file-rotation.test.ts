import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openFileDestination } from '../src/file-destination.ts';
import { fileSystem } from '../src/file-system.ts';
import type { FileOptions } from '../src/index.ts';
import { RotatedFiles } from '../src/rotated-files.ts';
import { heard } from './heard.ts';
import { LogFolder } from './log-folder.ts';
import { ManualTime, turn } from './manual-time.ts';
import { SmallDisk } from './small-disk.ts';

const set = (options: Partial<FileOptions> = {}, folder = new LogFolder()) => {
  const time = new ManualTime();
  const disk = new SmallDisk();
  const file = openFileDestination(
    { path: folder.path, name: 'app', clock: time.clock, ...options },
    { fs: disk.fs, later: time.later, warn: () => {} },
  );
  return { file, folder, time, disk };
};

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, at) => String(from + at).padStart(9, '0'));

describe('rotation by size', () => {
  it('keeps every file within maxBytes, and a longer line in a file of its own', async () => {
    const { file, folder } = set({ maxBytes: 25 });
    for (const line of [...numbered(0, 5), 'x'.repeat(50), ...numbered(5, 6)]) file.write(`${line}\n`);
    await file.close();
    expect(folder.names).toEqual(['app.1.log', 'app.2.log', 'app.3.log', 'app.4.log', 'app.log']);
    expect(folder.text('app.4.log')).toBe(`${'x'.repeat(50)}\n`);
    expect(folder.lines).toEqual([...numbered(0, 5), 'x'.repeat(50), ...numbered(5, 6)]);
  });

  it('loses and doubles no line, and splits none, whatever the sizes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 60 }), fc.boolean()), {
          maxLength: 80,
        }),
        fc.integer({ min: 1, max: 40 }),
        async (maxBytes, writes, atMost) => {
          const folder = new LogFolder();
          // Three writers of one path, as three processes would be: each with a descriptor of its own.
          const writers = [0, 1, 2].map(() => set({ maxBytes }, folder));
          writers[0]!.disk.atMost = atMost;
          const written: string[] = [];
          for (const [at, [who, length, pause]] of writes.entries()) {
            const line = `${at}:${'€'.repeat(length)}`;
            written.push(line);
            writers[who]!.file.write(`${line}\n`);
            if (pause) await turn();
            for (const { time } of writers) time.now += 100;
          }
          for (const { file } of writers) await file.close();
          expect(folder.lines.toSorted()).toEqual(written.toSorted());
          for (const { disk } of writers) expect(disk.open.size).toBe(0);
          expect(folder.names.filter((name) => name.endsWith('.lock'))).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('numbers on after a restart, compressed files included', async () => {
    const folder = new LogFolder();
    for (const name of ['app.7.log.gz', 'app.3.log', 'app.99.txt', 'other.200.log', 'app.x.log'])
      writeFileSync(join(folder.folder, name), '');
    writeFileSync(folder.path, `${'x'.repeat(20)}\n`);
    const { file } = set({ maxBytes: 25 }, folder);
    file.write('abcdef\n');
    await file.close();
    expect(folder.text('app.8.log')).toBe(`${'x'.repeat(20)}\n`);
    expect(folder.text()).toBe('abcdef\n');
  });

  it('never moves a symbolic link, which may be /dev/stdout', async () => {
    const folder = new LogFolder();
    const target = join(folder.folder, 'target');
    writeFileSync(target, '');
    symlinkSync(target, folder.path);
    const { file } = set({ maxBytes: 10, interval: 1_000, maxFiles: 1 }, folder);
    for (const line of numbered(0, 5)) file.write(`${line}\n`);
    await file.close();
    expect(folder.names).toEqual(['app.log', 'target']);
    expect(folder.text('target')).toBe(`${numbered(0, 5).join('\n')}\n`);
  });

  it('leaves no descriptor of an old file open', async () => {
    const { file, disk } = set({ maxBytes: 10 });
    for (const line of numbered(0, 50)) file.write(`${line}\n`);
    await file.flush();
    expect(disk.open.size).toBe(1);
    await file.close();
    expect(disk.open.size).toBe(0);
  });

  it('leaves the rotation to the process that has the lock, and takes over the lock of a dead one', async () => {
    const { file, folder } = set({ maxBytes: 10 });
    const lock = `${folder.path}.lock`;
    writeFileSync(lock, '');
    for (const line of numbered(0, 3)) file.write(`${line}\n`);
    await file.flush();
    expect(folder.names).toEqual(['app.log', 'app.log.lock']);
    utimesSync(lock, 1, 1);
    file.write('later\n');
    await file.close();
    expect(folder.names).toEqual(['app.1.log', 'app.log']);
    expect(folder.lines).toEqual([...numbered(0, 3), 'later']);
  });

  it('writes on in the old file when it cannot be renamed, and tries again later', async () => {
    const failures = heard('failure');
    const { file, folder, disk, time } = set({ maxBytes: 10 });
    disk.renames = 'EACCES';
    for (const line of numbered(0, 5)) file.write(`${line}\n`);
    await file.flush();
    expect([folder.names, failures.length]).toEqual([['app.log'], 1]);
    expect(disk.writeCalls).toBe(2);
    disk.renames = undefined;
    time.now += 10_000;
    file.write('later\n');
    await file.close();
    expect(folder.names).toEqual(['app.1.log', 'app.log']);
    expect(folder.lines).toEqual([...numbered(0, 5), 'later']);
  });
});

describe('rotation by time', () => {
  it.each<['daily' | 'hourly' | number, number]>([
    ['daily', 86_400_000],
    ['hourly', 3_600_000],
    [60_000, 60_000],
  ])('%s begins a new file with the first line of a period', async (interval, ms) => {
    const { file, folder, time } = set({ interval });
    const write = async (line: string): Promise<void> => {
      file.write(`${line}\n`);
      await file.flush();
    };
    // The file's own time is the system's, far from the clock's: what is read back must not matter here.
    time.now = Math.floor(Date.now() / ms) * ms + ms;
    await write('a');
    time.now += ms - 1;
    await write('b');
    time.now += 1;
    await write('c');
    time.now += 5 * ms;
    await write('d');
    await file.close();
    expect([folder.text('app.1.log'), folder.text('app.2.log'), folder.text()]).toEqual([
      'a\nb\n',
      'c\n',
      'd\n',
    ]);
  });

  it('rotates a file of an earlier period that another process left', async () => {
    const folder = new LogFolder();
    writeFileSync(folder.path, 'old\n');
    utimesSync(folder.path, Date.UTC(2026, 0, 1) / 1_000, Date.UTC(2026, 0, 1, 23) / 1_000);
    const { file } = set({ interval: 'daily' }, folder);
    file.write('new\n');
    await file.close();
    expect([folder.text('app.1.log'), folder.text()]).toEqual(['old\n', 'new\n']);
  });

  it('does not rotate when the wall clock steps back', async () => {
    const { file, folder, time } = set({ interval: 'hourly' });
    file.write('a\n');
    await file.flush();
    time.now -= 7_200_000;
    file.write('b\n');
    await file.flush();
    time.now += 7_200_000;
    file.write('c\n');
    await file.close();
    expect(folder.names).toEqual(['app.log']);
  });
});

describe('what is kept', () => {
  it('is maxFiles rotated files', async () => {
    const { file, folder } = set({ maxBytes: 10, maxFiles: 2 });
    for (const line of numbered(0, 6)) file.write(`${line}\n`);
    await file.close();
    expect(folder.names).toEqual(['app.4.log', 'app.5.log', 'app.log']);
    expect(folder.lines).toEqual(numbered(3, 6));
  });

  it('is maxTotalBytes at most, the current file counted', async () => {
    const { file, folder } = set({ maxBytes: 10, maxTotalBytes: 30 });
    for (const line of numbered(0, 9)) file.write(`${line}\n`);
    await file.close();
    expect(folder.lines.length).toBeLessThanOrEqual(4);
    expect(folder.lines.at(-1)).toBe('000000008');
  });

  it('is never a file of another name', async () => {
    const folder = new LogFolder();
    for (const name of ['app.log.1', 'app.1.log.bak', 'xapp.1.log', 'app.01.log', 'app.1.2.log'])
      writeFileSync(join(folder.folder, name), 'mine');
    const { file } = set({ maxBytes: 10, maxFiles: 1 }, folder);
    for (const line of numbered(0, 5)) file.write(`${line}\n`);
    await file.close();
    expect(folder.names).toEqual(
      [
        'app.log.1',
        'app.1.log.bak',
        'xapp.1.log',
        'app.01.log',
        'app.1.2.log',
        'app.4.log',
        'app.log',
      ].sort(),
    );
  });
});

describe('compression', () => {
  const files = (folder: LogFolder): RotatedFiles =>
    new RotatedFiles({
      path: folder.path,
      fs: fileSystem,
      later: new ManualTime().later,
      maxFiles: undefined,
      maxTotalBytes: undefined,
      compress: true,
    });

  it('makes each rotated file a .gz of the same lines, and starts only when no other process writes to it any more', async () => {
    const { file, folder, time } = set({ maxBytes: 10, compress: true });
    for (const line of numbered(0, 4)) file.write(`${line}\n`);
    await file.flush();
    await time.advance(4_999);
    expect(folder.names).toEqual(['app.1.log', 'app.2.log', 'app.3.log', 'app.log']);
    await files(folder).compress();
    expect(folder.names).toEqual(['app.1.log.gz', 'app.2.log.gz', 'app.3.log.gz', 'app.log']);
    expect(folder.lines).toEqual(numbered(0, 4));
    await file.close();
  });

  it('takes up what an earlier process left half done', async () => {
    const folder = new LogFolder();
    writeFileSync(join(folder.folder, 'app.1.log'), 'a\n');
    // No process has this number.
    writeFileSync(join(folder.folder, 'app.1.log.4194399.tmp'), 'half');
    await files(folder).compress();
    expect([folder.names, folder.lines]).toEqual([['app.1.log.gz'], ['a']]);
  });

  it('that fails leaves the file as it is and is a failure event', async () => {
    const failures = heard('failure');
    const folder = new LogFolder();
    writeFileSync(join(folder.folder, 'app.1.log'), 'a\n');
    mkdirSync(join(folder.folder, `app.1.log.${process.pid}.tmp`));
    await files(folder).compress();
    expect(folder.text('app.1.log')).toBe('a\n');
    expect(failures).toMatchObject([{ source: folder.path }]);
  });
});
