// The four packages that are published, and the names their READMEs promise.

/** What a user imports, by entry: `.` is the package itself, `./http` its subpath. */
export interface PublishedPackage {
  name: string;
  entries: Record<string, readonly string[]>;
}

export const publishedPackages: readonly PublishedPackage[] = [
  {
    name: '@agent4/errors',
    entries: {
      '.': [
        'AppError',
        'ValidationError',
        'NotFoundError',
        'InternalError',
        'classify',
        'createErrorResponse',
        'defineErrors',
        'handleError',
        'isAppError',
      ],
    },
  },
  {
    name: '@agent4/logging',
    entries: {
      '.': [
        'CorrelationContext',
        'apiLogger',
        'appLogger',
        'configureLogging',
        'createLogger',
        'performanceLogger',
      ],
      './http': ['fastifyLogging', 'httpLogging'],
    },
  },
  {
    name: '@agent4/resilience',
    entries: {
      '.': [
        'HealthRegistry',
        'bulkhead',
        'circuitBreaker',
        'fallback',
        'healthRegistry',
        'pipeline',
        'retry',
        'timeout',
      ],
    },
  },
  {
    name: '@agent4/caching',
    entries: { '.': ['CacheManager', 'cacheManager', 'cached', 'createCache'] },
  },
];
