/** The last millisecond of the year 9999: times of RFC 3339 have four digits for the year. */
const LATEST_MOMENT_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Whether the milliseconds since 1970 are in one of the years 1970 to 9999. */
export const isMoment = (milliseconds: number): boolean =>
  milliseconds >= 0 && milliseconds <= LATEST_MOMENT_MS;

/** From milliseconds since 1970; what is outside the years 1970 to 9999 becomes the nearest moment within. */
export const nearestMoment = (milliseconds: number): Date =>
  new Date(Math.min(Math.max(milliseconds, 0), LATEST_MOMENT_MS));
