type Listener = () => void;

const bySignal = new Map<
  NodeJS.Signals,
  { readonly listeners: Set<Listener>; readonly onSignal: Listener }
>();

/** Calls back on each such signal; all of these share one listener of the process, which hides the signal's default action. @returns ends it. */
export const onSignal = (signal: NodeJS.Signals, listener: Listener): (() => void) => {
  let entry = bySignal.get(signal);
  if (entry === undefined) {
    const listeners = new Set<Listener>();
    const all = (): void => {
      for (const each of listeners) each();
    };
    entry = { listeners, onSignal: all };
    bySignal.set(signal, entry);
    process.on(signal, all);
  }
  const { listeners, onSignal: all } = entry;
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || bySignal.get(signal)?.listeners !== listeners) return;
    bySignal.delete(signal);
    process.off(signal, all);
  };
};
