import { yesOrNo } from './check-options.ts';
import { counters } from './counters.ts';
import { describe } from './describe.ts';
import { type FieldsOf, type FieldType, fieldMisfits, fieldTypeNames, isFieldType } from './event-fields.ts';
import { publishFailure } from './events.ts';
import { checkLevel, type Level } from './levels.ts';
import { observing } from './observer.ts';
import { onlyKnown } from './only-known.ts';
import { snapshot } from './peek.ts';

/** One kind of event. */
export interface EventDefinition {
  /** Default `info`. */
  readonly level?: Level | undefined;
  /** The message of its records. Default: its name. */
  readonly message?: string | undefined;
  /** The types of its fields by name. Default: none. */
  readonly fields?: Readonly<Record<string, FieldType>> | undefined;
}

type Definitions = Readonly<Record<string, EventDefinition>>;

type LevelsOf<Events extends Definitions> = {
  [Name in keyof Events]: Events[Name]['level'] extends Level ? Events[Name]['level'] : 'info';
}[keyof Events];

/** Any logger that has methods for the levels of the events: one of ours, winston's, the console. */
type LoggerOf<Levels extends string> = {
  readonly [Name in Levels]: (message: string, fields: Record<string, unknown>) => unknown;
};

type FieldsOfEvent<Definition extends EventDefinition> =
  Definition['fields'] extends Readonly<Record<string, FieldType>>
    ? FieldsOf<Definition['fields']>
    : Record<never, never>;

/** Left out where nothing is required. */
type FieldArguments<Fields> = Record<never, never> extends Fields ? [fields?: Fields] : [fields: Fields];

export interface TypedEvents<Events extends Definitions> {
  /**
   * Logs one event at its level, with its name as `event`. Never throws: a name that is not defined, or a method that the logger does
   * not have, which the compiler sees both, is a record at `info`, or none, and counted.
   */
  emit<Name extends keyof Events & string>(
    logger: LoggerOf<LevelsOf<Events>>,
    event: Name,
    ...fields: FieldArguments<FieldsOfEvent<Events[Name]>>
  ): void;
  /** The table as given, frozen: for documents and dashboards. */
  readonly definitions: Events;
}

export interface EventOptions {
  /**
   * Compares the fields of each event with its definition; what does not fit is named in the record as `eventMismatch`, and counted. The
   * record is written all the same. Default: only while a `captureLogs` of `./testing` runs.
   */
  check?: boolean | undefined;
}

const taken = ['timestamp', 'level', 'logger', 'message', 'fields', 'event', 'eventMismatch'];

const checkDefinition = (name: string, definition: EventDefinition): void => {
  const owner = `event '${name}'`;
  onlyKnown(owner, definition, ['level', 'message', 'fields']);
  if (definition.level !== undefined) checkLevel(`level of ${owner}`, definition.level);
  const { message, fields } = definition;
  if (message !== undefined && (typeof message !== 'string' || message === ''))
    throw new TypeError(`message of ${owner} must be a non-empty string, got ${describe(message)}`);
  if (fields === undefined) return;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw new TypeError(`fields of ${owner} must be an object, got ${describe(fields)}`);
  for (const [field, type] of Object.entries(fields)) {
    if (taken.includes(field))
      throw new RangeError(`fields of ${owner} must not be named as the line's own are, got ${field}`);
    if (!isFieldType(type))
      throw new RangeError(
        `field ${field} of ${owner} must be one of ${fieldTypeNames.join(', ')}, with ? or not, or an array of texts, got ${describe(type)}`,
      );
  }
};

/** A getter that throws costs no record, and no field takes the event's name from it. */
const readable = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const read = snapshot(fields);
  delete read.event;
  return read;
};

/** Frozen to its depth, so that what was checked stays as it was. */
const frozen = <Events extends Definitions>(events: Events): Events =>
  Object.freeze(
    Object.fromEntries(
      Object.entries(events).map(([name, definition]) => [
        name,
        Object.freeze({
          ...definition,
          ...(definition.fields && { fields: Object.freeze({ ...definition.fields }) }),
        }),
      ]),
    ),
  ) as Events;

/**
 * A table of the events that a program logs: names and fields are checked by the compiler, and each record carries its name as
 * `event`, which stays when the message is reworded.
 * @throws TypeError or RangeError naming the event and what is wrong with it.
 */
export const defineEvents = <const Events extends Definitions>(
  events: Events,
  options: EventOptions = {},
): TypedEvents<Events> => {
  onlyKnown('defineEvents', options, ['check']);
  if (typeof events !== 'object' || events === null || Object.keys(events).length === 0)
    throw new TypeError(`events must be an object of definitions by name, got ${describe(events)}`);
  for (const [name, definition] of Object.entries(events)) checkDefinition(name, definition);
  const check = options.check === undefined ? undefined : yesOrNo('check', options.check);
  const definitions = frozen(events);

  const emit = (
    logger: Partial<Record<Level, (message: string, fields: object) => unknown>>,
    event: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): void => {
    try {
      const definition = Object.hasOwn(definitions, event) ? definitions[event] : undefined;
      const checked = check ?? observing.observer !== undefined;
      const wrong =
        definition === undefined
          ? ['it is not defined']
          : checked
            ? fieldMisfits(definition.fields ?? {}, fields)
            : [];
      if (wrong.length > 0) counters.eventMismatches++;
      const { level = 'info', message = event } = definition ?? {};
      logger[level]!(message, {
        event,
        ...readable(fields),
        ...(wrong.length > 0 ? { eventMismatch: wrong } : {}),
      });
    } catch (error) {
      counters.eventMismatches++;
      publishFailure({ source: `event ${event}`, error });
    }
  };
  return { emit: emit as TypedEvents<Events>['emit'], definitions };
};
