import { flushAtExit } from './at-exit.ts';
import { FdSink } from './fd-sink.ts';
import { reportHealth } from './health.ts';

// One of each for the process, so that lines keep their order.
const ofProcess = new Map<number, FdSink>();

const sinkOf = (fd: number, name: string): FdSink => {
  let sink = ofProcess.get(fd);
  if (sink === undefined) {
    sink = new FdSink({ fd, name });
    flushAtExit(sink);
    reportHealth(sink);
    ofProcess.set(fd, sink);
  }
  return sink;
};

export const stdout = (): FdSink => sinkOf(1, 'stdout');
export const stderr = (): FdSink => sinkOf(2, 'stderr');
