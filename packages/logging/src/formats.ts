import { isatty } from 'node:tty';
import { describe } from './describe.ts';
import type { Destination } from './destination.ts';
import { FdSink } from './fd-sink.ts';
import { onlyKnown } from './only-known.ts';
import { prettyFor } from './pretty.ts';
import { awsShape, datadogShape, ecsShape, gcpShape, jsonShape, otelShape, type Shape } from './shape.ts';
import { stdout } from './standard-output.ts';

type FormatName = 'json' | 'pretty' | 'ecs' | 'otel' | 'gcp' | 'aws' | 'datadog';

/** How lines look, by name. With a `project` Google Cloud links lines to their traces. */
export type Format = FormatName | { readonly name: 'gcp'; readonly project: string };

const prettyShape: Shape = { ...jsonShape, drawFor: prettyFor };

const shapes: Readonly<Record<FormatName, Shape>> = {
  json: jsonShape,
  pretty: prettyShape,
  ecs: ecsShape,
  otel: otelShape,
  gcp: gcpShape(),
  aws: awsShape,
  datadog: datadogShape,
};

const isName = (value: unknown): value is FormatName =>
  typeof value === 'string' && Object.hasOwn(shapes, value);

const isWinstonFormat = (value: unknown): boolean =>
  typeof (value as { transform?: unknown } | null | undefined)?.transform === 'function';

/** True for what is no winston format. */
export const isFormat = (value: unknown): value is Format => !isWinstonFormat(value);

/**
 * @returns undefined for a winston format, which makes its own text.
 * @throws TypeError when it is no name, `{ name: 'gcp', project }` or winston format.
 */
export const shapeOf = (format: unknown): Shape | undefined => {
  if (isName(format)) return shapes[format];
  if (format === undefined || isWinstonFormat(format)) return undefined;
  if (typeof format !== 'object' || format === null)
    throw new TypeError(
      `format must be ${Object.keys(shapes).join(', ')} or a winston format, got ${describe(format)}`,
    );
  onlyKnown('format', format, ['name', 'project']);
  const { name, project } = format as { name?: unknown; project?: unknown };
  if (name !== 'gcp') throw new TypeError(`format.name must be gcp, got ${describe(name)}`);
  if (typeof project !== 'string' || !/^[\w.:-]{1,64}$/.test(project))
    throw new TypeError(`format.project must be the id of a Google Cloud project, got ${describe(project)}`);
  return gcpShape(project);
};

/** Pretty on descriptors alone: an object that takes lines is written for a program, which reads JSON. */
export const prettyWhere = (wanted: (fd: 1 | 2) => boolean): Shape => ({
  ...jsonShape,
  drawFor: (destination: Destination) =>
    destination instanceof FdSink && wanted(destination === stdout() ? 1 : 2)
      ? prettyFor(destination)
      : undefined,
});

const onTerminals = prettyWhere(isatty);
const onDescriptors = prettyWhere(() => true);

const environmentName = (): string => (process.env.LOG_FORMAT ?? '').trim().toLowerCase();

/** What holds where no code says otherwise: LOG_FORMAT, which is left out when it is no format; else pretty on terminals. */
export const environmentShape = (): Shape => {
  const name = environmentName();
  if (name === 'pretty') return onDescriptors;
  return isName(name) ? shapes[name] : onTerminals;
};

let reported = false;

/** What a wrong LOG_FORMAT holds, once in a process. */
export const unknownFormat = (): { given: string; allowed: string[] } | undefined => {
  const name = environmentName();
  if (reported || name === '' || isName(name)) return undefined;
  reported = true;
  return { given: name, allowed: Object.keys(shapes) };
};
