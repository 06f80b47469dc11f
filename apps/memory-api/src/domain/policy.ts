/** What calls to something that can fail go through; a pipeline of @agent4/resilience satisfies it. */
export interface Policy {
  execute<T>(fn: (context: { readonly signal: AbortSignal }) => Promise<T>, signal?: AbortSignal): Promise<T>;
}
