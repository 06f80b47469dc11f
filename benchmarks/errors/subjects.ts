import { classify, createErrorResponse, handleError, isRetryable, NotFoundError } from '@agent4/errors';
import Boom from '@hapi/boom';
import { isServerError, isThrottlingError, isTransientError } from '@smithy/service-error-classification';
import createHttpError from 'http-errors';
import { serializeError } from 'serialize-error';

/** The same errors for everybody, made once: making an error is measured where it is part of the job. */
export const errors = {
  plain: new Error('order 4711 could not be priced'),
  fetch: new TypeError('fetch failed', {
    cause: Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), {
      code: 'ECONNREFUSED',
      syscall: 'connect',
    }),
  }),
  throttled: Object.assign(new Error('Rate exceeded'), {
    name: 'ThrottlingException',
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
  }),
  unique: Object.assign(new Error('duplicate key value'), {
    name: 'error',
    code: '23505',
    routine: '_bt_check',
  }),
  own: new NotFoundError('no user 7', { details: { id: 7 } }),
} as const;

export interface Subject {
  name: string;
  run: () => unknown;
}
export interface Job {
  /** What is asked of each subject. */
  name: string;
  /** Where the subjects do not do the same. */
  note: string;
  subjects: Subject[];
}

type Sdk = Parameters<typeof isTransientError>[0];
const smithy = (error: unknown): boolean =>
  isThrottlingError(error as Sdk) || isTransientError(error as Sdk) || isServerError(error as Sdk);

const foreign = (kind: keyof typeof errors): Job => ({
  name: `may ${kind} be retried?`,
  note: 'smithy answers for AWS SDK errors: yes or no, two causes deep, without safety, wait, status or category',
  subjects: [
    { name: '@agent4/errors isRetryable', run: () => isRetryable(errors[kind], { idempotent: true }) },
    { name: '@smithy/service-error-classification', run: () => smithy(errors[kind]) },
  ],
});

export const jobs: Job[] = [
  foreign('throttled'),
  foreign('fetch'),
  foreign('plain'),
  {
    name: 'make a 404 and its answer',
    note: 'the peers give status, headers and message as written; they do not classify, hide, or name the request',
    subjects: [
      { name: '@agent4/errors', run: () => createErrorResponse(handleError(new NotFoundError('no user 7'))) },
      { name: '@hapi/boom', run: () => Boom.notFound('no user 7').output },
      {
        name: 'http-errors',
        run: () => {
          const { status, expose, message } = createHttpError(404, 'no user 7');
          return { status, body: { message: expose ? message : 'Internal Server Error' } };
        },
      },
    ],
  },
  {
    name: 'answer a foreign error, made anew',
    note: 'boom and http-errors always answer 500 and write into the error; ours answers 503 and leaves it alone',
    subjects: [
      {
        name: '@agent4/errors',
        run: () => createErrorResponse(handleError(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))),
      },
      {
        name: '@hapi/boom boomify',
        run: () => Boom.boomify(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })).output,
      },
      {
        name: 'http-errors',
        run: () => createHttpError(500, Object.assign(new Error('x'), { code: 'ECONNREFUSED' })).expose,
      },
    ],
  },
  {
    name: 'make an error with a cause loggable',
    note: 'serialize-error copies what is there; ours classifies, fingerprints, and masks logins and secrets',
    subjects: [
      { name: '@agent4/errors toLogRecord', run: () => handleError(errors.fetch).toLogRecord() },
      { name: '@agent4/errors toJSON (no stack)', run: () => handleError(errors.fetch).toJSON() },
      { name: 'serialize-error', run: () => serializeError(errors.fetch) },
    ],
  },
];

const each = (name: string, run: (error: unknown) => unknown): Job => ({
  name,
  note: 'no peer does this',
  subjects: Object.entries(errors).map(([kind, error]) => ({ name: kind, run: () => run(error) })),
});

export const ours: Job[] = [
  each('classify', classify),
  each('handleError', handleError),
  each('handleError and its fingerprint', (error) => handleError(error).fingerprint),
  each('createErrorResponse', (error) => createErrorResponse(handleError(error))),
  {
    name: 'createErrorResponse of one handled before',
    note: 'no peer does this',
    subjects: Object.entries(errors).map(([kind, error]) => {
      const structured = handleError(error);
      return { name: kind, run: () => createErrorResponse(structured) };
    }),
  },
];
