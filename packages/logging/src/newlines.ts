/** Whole lines in these bytes. */
export const newlines = (bytes: Uint8Array | undefined): number => {
  let lines = 0;
  if (bytes !== undefined)
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
};
