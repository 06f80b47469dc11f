// http-errors ships no types; this is the part the benchmark uses.
declare module 'http-errors' {
  interface HttpError extends Error {
    status: number;
    statusCode: number;
    expose: boolean;
  }
  function createError(status: number, text?: string | Error): HttpError;
  export = createError;
}
