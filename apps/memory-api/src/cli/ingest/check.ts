import { createBody } from '../../contract/memories.ts';
import type { Item } from './reader.ts';
import type { Failure } from './run.ts';

/** What a dry run finds: every record is held against the schema that the server uses, and nothing is sent. */
export const checkRecords = async (options: {
  items: AsyncGenerator<Item, void, undefined>;
  userId: string;
  app: string;
  signal: AbortSignal;
  onFailure: (failure: Failure) => void;
}): Promise<{ good: number; failed: number }> => {
  const count = { good: 0, failed: 0 };
  for await (const item of options.items) {
    if (options.signal.aborted) break;
    const failure = failureIn(item, options);
    if (failure === undefined) count.good++;
    else {
      count.failed++;
      options.onFailure({ at: item.at, ...failure });
    }
  }
  return count;
};

const failureIn = (
  item: Item,
  defaults: { userId: string; app: string },
): Omit<Failure, 'at'> | undefined => {
  if ('problem' in item) return item.problem;
  const { text, metadata, app = defaults.app, userId = defaults.userId } = item.record;
  const checked = createBody.safeParse({ user_id: userId, text, metadata, app, infer: false });
  if (checked.success) return undefined;
  const message = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  return { code: 'REQUEST_INVALID', message };
};
