import { contextFields } from './context.ts';
import { shareOf } from './sampling.ts';

/**
 * Whether a record that could be left out is written. All of one trace (else of one correlation id) share their fate;
 * outside of every context it is drawn.
 */
export const fastSampler = (share: number, random: () => number): (() => boolean) => {
  if (share >= 1) return () => true;
  if (share <= 0) return () => false;
  return () => {
    const context = contextFields();
    const id = context?.traceId ?? context?.correlationId;
    return (typeof id === 'string' ? shareOf(id) : random()) < share;
  };
};
