import { registry } from './configuration.ts';
import type { Destination } from './destination.ts';
import { environmentShape } from './formats.ts';
import { Info, MESSAGE } from './info.ts';
import { quote } from './quote.ts';
import type { Shape } from './shape.ts';

const inUse = new WeakMap<object, Shape>();

/** Keeps in mind how the lines of the logger that was set up last for this destination or transport look. */
export const noteShape = (target: object, shape: Shape): void => {
  inUse.set(target, shape);
};

/** The shape of its loggers' lines, or what a logger made now would write. */
const shapeFor = (target: object): Shape =>
  inUse.get(target) ?? registry.configuration.shape ?? environmentShape();

/** A clock that gives no time is not believed. */
const instant = (ms: number): string => {
  const time = new Date(ms);
  return (Number.isNaN(time.getTime()) ? new Date() : time).toISOString();
};

interface Untold {
  readonly dropped: number;
  readonly since: number;
}

interface Notice {
  readonly time: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const noticeOf = (name: string, { dropped, since }: Untold, now: number): Notice => {
  const start = instant(since);
  return {
    time: instant(now),
    message: `dropped ${dropped} lines since ${start}`,
    // An object, because Elastic Common Schema has `destination` as one and refuses a text there.
    fields: { destination: { name }, dropped, since: start },
  };
};

const lineOf = ({ time, message, fields }: Notice, shape: Shape): string => {
  const logger = '"logging"';
  const members = JSON.stringify(fields).slice(1, -1);
  const start = shape.time + time + shape.head('warn', logger) + shape.message + quote(message);
  return `${start}${shape.open(logger)},${members}${shape.close}`;
};

/** The line a destination gets about its own losses, once it takes lines again, with its newline; it looks as its other lines do. */
export const dropNotice = (
  destination: Destination & { readonly name: string },
  untold: Untold,
  now: number,
): string => {
  const shape = shapeFor(destination);
  const line = lineOf(noticeOf(destination.name, untold, now), shape);
  return `${shape.drawFor?.(destination)?.(line) ?? line}\n`;
};

/** The same as the record that a transport gets. */
export const dropRecord = (transport: { readonly name: string }, untold: Untold, now: number): Info => {
  const notice = noticeOf(transport.name, untold, now);
  const { time, message, fields } = notice;
  const info = Object.assign(new Info('warn', 'logging'), fields, { level: 'warn', message });
  info[MESSAGE] = lineOf(notice, shapeFor(transport));
  Info.setTime(info, time);
  return info;
};
