import { Emitter, EVENTS } from './events.ts';
import { Parts } from './parts.ts';
import { elementsOf, type Policy, type PolicyLike, policyOf } from './policy.ts';
import { Stage, Whole } from './stage.ts';
import { Recorder } from './stats.ts';
import { systemClock } from './timers.ts';
import { show } from './validate.ts';

/** What a policy may answer in the call's place. */
export type AltOf<P> = P extends { readonly _altReturn: infer A } ? A : never;

const assertPolicy = (where: string, policy: unknown): void => {
  if (typeof (policy as PolicyLike | null | undefined)?.execute !== 'function')
    throw new TypeError(`${where} must be a policy (with execute), got ${show(policy)}`);
};

/**
 * One policy out of several, the first outermost: `compose(a, b).execute(f)` is `a.execute(() => b.execute(f))`.
 * Policies of ours and of cockatiel mix. Events and counts are told as a pipeline tells them: `success` and `failure` of the whole,
 * all else of its parts, where they are ours. Of nothing it is a policy that only calls.
 * @throws TypeError here for something that has no `execute`.
 */
export function compose<P extends readonly PolicyLike[]>(...policies: P): Policy<AltOf<P[number]>> {
  policies.forEach((policy, at) => {
    assertPolicy(`compose argument ${at + 1}`, policy);
  });
  const emitter = new Emitter('compose', EVENTS);
  const recorder = new Recorder();
  const parts = new Parts(emitter, recorder, policies);
  const whole = new Stage(new Whole(emitter, recorder, systemClock));
  return policyOf([whole, ...policies.flatMap(elementsOf)], {
    on: parts.on.bind(parts),
    stats: parts.stats.bind(parts),
  });
}
