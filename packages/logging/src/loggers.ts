import { createLogger } from './create-logger.ts';
import type { Logger } from './logger.ts';
import { createPerformanceLogger, type PerformanceLogger } from './performance-logger.ts';

/** For what the application does. Ready to use; changed by `configureLogging`. */
export const appLogger: Logger = createLogger({ name: 'app' });

/** For requests and responses. Ready to use; changed by `configureLogging`. */
export const apiLogger: Logger = createLogger({ name: 'api' });

/** For how long things take. Ready to use; changed by `configureLogging`. */
export const performanceLogger: PerformanceLogger = createPerformanceLogger({ name: 'performance' });
