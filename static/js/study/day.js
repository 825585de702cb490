/** Study days: integers; each day begins at 4 a.m. local time, so that work after midnight belongs to the same day. */

const DAY_MS = 86_400_000;
const START_MS = 4 * 3_600_000;

/**
 * @param {number} time ms since 1970
 * @param {number} offset minutes from local time to UTC, as in Date.getTimezoneOffset
 */
export const studyDay = (time, offset) => Math.floor((time - offset * 60_000 - START_MS) / DAY_MS);

/** The current study day. */
export const today = () => studyDay(Date.now(), new Date().getTimezoneOffset());

/** The date of a study day, at midnight UTC. @param {number} day */
export const dateOf = (day) => new Date(day * DAY_MS);
