type Listener<P> = (payload: P) => unknown;

/** Hands a payload to each; the fault of one, thrown or rejected, is reported and touches nobody else. */
export const deliver = <P>(
  listeners: readonly Listener<P>[],
  payload: P,
  report: (error: unknown) => void,
): void => {
  for (const listener of listeners) {
    try {
      const answer = listener(payload);
      if (typeof answer === 'object' && answer !== null && 'then' in answer)
        Promise.resolve(answer).catch(report);
    } catch (error) {
      report(error);
    }
  }
};
