/** The last millisecond of the year 9999: times of RFC 3339 have four digits for the year. */
const LATEST_MOMENT_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Whether a time in milliseconds since 1970 lies in the years 1970 to 9999. */
export const isMoment = (milliseconds: number): boolean =>
  milliseconds >= 0 && milliseconds <= LATEST_MOMENT_MS;

/** A date from milliseconds since 1970. A time outside the years 1970 to 9999 becomes the nearest one inside them. */
export const nearestMoment = (milliseconds: number): Date =>
  new Date(Math.min(Math.max(milliseconds, 0), LATEST_MOMENT_MS));
