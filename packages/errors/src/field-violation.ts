/** One thing wrong with one field of the input. It never carries the value that was sent. */
export interface FieldViolation {
  /** JSON Pointer (RFC 6901) into the input; '' is the input as a whole. */
  path: string;
  /** UPPER_SNAKE, such as REQUIRED, INVALID_TYPE, TOO_SMALL. */
  code: string;
  /** Text for people. */
  message: string;
  /** Public limits from the schema, such as `{ minimum: 3 }`. */
  params?: Readonly<Record<string, string | number | boolean>> | undefined;
}
