/** The calls that were made inside a layer, for one that tells of them when it gives up. */
export class Calls {
  made = 0;
  /** What the last one that failed threw. */
  failure: unknown = undefined;

  /** `call`, which counts here; a thenable that it answers is adopted once. */
  counted<A extends unknown[], R>(call: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      this.made++;
      try {
        const answer = call(...args);
        if ((typeof answer !== 'object' || answer === null) && typeof answer !== 'function') return answer;
        const pending = Promise.resolve(answer);
        pending.then(undefined, (error: unknown) => {
          this.failure = error;
        });
        return pending as R;
      } catch (error) {
        this.failure = error;
        throw error;
      }
    };
  }
}
