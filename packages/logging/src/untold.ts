/** Something that owes the log a line about records it held back. */
interface Debtor {
  tell(): void;
}

const debtors = new Set<Debtor>();
let hooked = false;

/** Has all of them tell what they held back so far. */
export const tellAll = (): void => {
  for (const debtor of debtors) debtor.tell();
};

/** Has it asked to tell at the end of the process, at the latest. */
export const owes = (debtor: Debtor): void => {
  debtors.add(debtor);
  if (hooked) return;
  hooked = true;
  // Before the sinks' own listeners, which write out what they have for the last time.
  process.prependListener('exit', tellAll);
  // Transports are asynchronous: at an ordinary end they still get it this way.
  process.on('beforeExit', tellAll);
};

export const owesNothing = (debtor: Debtor): void => {
  debtors.delete(debtor);
};
