const levelColours: Readonly<Record<string, number>> = {
  emerg: 31,
  alert: 31,
  crit: 31,
  fatal: 31,
  error: 31,
  warning: 33,
  warn: 33,
  notice: 32,
  info: 32,
  http: 36,
  verbose: 34,
  debug: 34,
};

const introducer = String.fromCharCode(27);
const plain = (text: string): string => text;
const painted =
  (code: number) =>
  (text: string): string =>
    `${introducer}[${code}m${text}${introducer}[0m`;

export interface Paint {
  level(text: string): string;
  dim(text: string): string;
  error(text: string): string;
}

export const painter = (colour: boolean, level: string): Paint =>
  colour
    ? {
        level: painted(Object.hasOwn(levelColours, level) ? (levelColours[level] as number) : 90),
        dim: painted(2),
        error: painted(31),
      }
    : { level: plain, dim: plain, error: plain };
