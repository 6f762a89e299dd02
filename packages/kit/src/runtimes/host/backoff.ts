/** How long a service that was lost stays down before it is started again. */

/** Milliseconds. At once the first time; then doubled with each failure in a row, half a minute at most. */
export const pauseAfter = (failuresBefore: number): number =>
  failuresBefore === 0 ? 0 : Math.min(30_000, 250 * 2 ** failuresBefore);

/** Milliseconds. Who was up for so long and is lost is started at once again. */
export const steadyAfter = 60_000;
