let cachedTime = Number.NaN;
let cachedText = '';
let cachedSecond = Number.NaN;
let secondText = '';

/**
 * A time as `2026-01-02T12:00:00.000Z`. Lines of one millisecond share their text, those of one second its first part.
 * A clock that gives no time is not believed.
 */
export const isoTime = (now: number): string => {
  if (now === cachedTime) return cachedText;
  const second = Math.floor(now / 1_000);
  if (second !== cachedSecond) {
    const date = new Date(now);
    if (Number.isNaN(date.getTime())) return new Date().toISOString();
    secondText = date.toISOString().slice(0, -4);
    cachedSecond = second;
  }
  const rest = Math.floor(now) - second * 1_000;
  cachedText = `${secondText}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`;
  cachedTime = now;
  return cachedText;
};
