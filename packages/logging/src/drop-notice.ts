import { quote } from './quote.ts';

/** A clock that gives no time is not believed. */
const instant = (ms: number): string => {
  const time = new Date(ms);
  return (Number.isNaN(time.getTime()) ? new Date() : time).toISOString();
};

/** The line a destination gets about its own losses, once it takes lines again. Without the newline. */
export const dropNotice = (
  destination: string,
  { dropped, since }: { dropped: number; since: number },
  now: number,
): string => {
  const start = instant(since);
  return `{"timestamp":"${instant(now)}","level":"warn","logger":"logging","message":"dropped ${dropped} lines since ${start}","destination":${quote(destination)},"dropped":${dropped},"since":"${start}"}`;
};
