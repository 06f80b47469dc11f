import { defineErrors } from '@agent4/errors';

/** Every failure the domain itself can give, with the text a caller may read. */
export const domainErrors = defineErrors({
  USER_NOT_FOUND: { category: 'NOT_FOUND', message: 'User not found' },
  MEMORY_NOT_FOUND: { category: 'NOT_FOUND', message: 'Memory not found' },
  APP_NOT_FOUND: { category: 'NOT_FOUND', message: 'App not found' },
  APP_PAUSED: {
    category: 'AUTHORIZATION',
    message: 'App {app} is paused: it can not add memories until it is active again',
  },
  NOTHING_SELECTED: {
    category: 'VALIDATION',
    message: 'Nothing selected: give memory_ids, category_ids, app_id or global_pause',
  },
  SORT_COLUMN_UNKNOWN: {
    category: 'VALIDATION',
    message: 'sort_column must be one of memory, app_name, created_at',
  },
  SORT_DIRECTION_UNKNOWN: { category: 'VALIDATION', message: 'sort_direction must be asc or desc' },
  IDEMPOTENCY_KEY_REUSED: {
    category: 'CONFLICT',
    message: 'This Idempotency-Key was used before with another memory',
  },
});
