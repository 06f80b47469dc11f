// The four packages that are published, and the names their READMEs promise.

/** What a user imports, by entry: `.` is the package itself, `./http` its subpath. Names of values, not of types. */
export interface PublishedPackage {
  name: string;
  entries: Record<string, readonly string[]>;
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const publishedPackages: readonly PublishedPackage[] = [
  {
    name: '@agent4/errors',
    entries: {
      '.': words(`
        AppError ValidationError NotFoundError ConflictError AuthenticationError AuthorizationError
        RateLimitError TimeoutError CancelledError NetworkError DatabaseError ExternalServiceError
        PreconditionFailedError AbortedError UnavailableError InternalError
        classify createErrorResponse defineErrors errorTable fromProblemDetails handleError isAppError
        isErrorCategory isRetryable registerClassifier toJsonRpcError toMcpToolResult toProblemDetails
      `),
      './analytics': words('createErrorAnalytics messageTemplate'),
      './client': words('countdown readError toErrorView'),
      './express': words('errorHandler'),
      './fastify': words('errorHandler'),
      './grpc': words('fromGrpcStatus toGrpcStatus'),
      './otel': words('recordError'),
      './recovery': words('recover'),
      './serialize': words('deserializeError serializeError'),
    },
  },
  {
    name: '@agent4/logging',
    entries: {
      '.': words(`
        CorrelationContext apiLogger appLogger captureExceptions changeLevel configureLogging createLogger
        createPerformanceLogger defineEvents fileDestination flushOnSignals flushRecorder hmacCensor isValidCorrelationId
        isolated lazy levelOnSignal levelReport loggingHealth loggingMetrics performanceLogger
      `),
      './propagation': words(`
        activeTrace correlatedFetch correlatedRequest createPropagation extract formatTraceparent inject
        outgoingHeaders parseTraceparent
      `),
      './http': words('fastifyLogging honoLogging httpLogging httpUpgradeLogging koaLogging levelHandler'),
      './testing': words('captureLogs expectNoSecrets fakeClock findSecrets'),
      './worker': words('workerDestination'),
    },
  },
  {
    name: '@agent4/resilience',
    entries: {
      '.': words(`
        attemptsOf bulkhead circuitBreaker circuitBreakers compose fallback perInstance pipeline policies retry
        retryBudget stream timeout HealthRegistry healthRegistry PolicyRegistry
        adaptiveConcurrency chaos coalesce deadline fallbackChain fromDeadlineHeader hedge priorityBulkhead
        rateLimit remainingMs toDeadlineHeader withDeadline
        BulkheadFullError CircuitIsolatedError CircuitOpenError PolicyTimeoutError
        DeadlineExceededError InjectedFaultError RateLimitedError
      `),
      './alerts': words('alerts logSink webhookSink'),
      './http': words('healthHandler'),
      './otel': words('instrument'),
      './prometheus': words(' prometheusText'),
      './testing': words('VirtualClock fail hang ok recordEvents script seededRandom settle slow'),
    },
  },
  {
    name: '@agent4/caching',
    entries: {
      '.': words(`
        Cache CacheManager cacheManager cached cachedHandle createCache memoryBus
        CacheClosedError LoaderTimeoutError StoreError
      `),
      './codecs': words('compression encryption'),
      './otel': words('observeCaches'),
      './postgres': words('postgresBus'),
      './prometheus': words('prometheusText'),
      './redis': words('redisBus redisLock'),
    },
  },
];
