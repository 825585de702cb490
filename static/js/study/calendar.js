/**
 * A calendar file with an event on each day when something is due. Importing a newer file replaces the events, because
 * events of the same day have the same UID. RFC 5545, https://www.rfc-editor.org/rfc/rfc5545.
 */
import { dateOf } from "./day.js";

/** Octets in a line, without its end. */
const MAX_LINE = 75;

/** @param {Date} date @returns {string} 20261123T043015Z */
const stamp = (date) => `${date.toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;

/** @param {string} text */
const escaped = (text) => text.replace(/[\\;,]/g, "\\$&").replace(/\r?\n/g, "\\n");

/**
 * @param {{book: string, url: string, days: {day: number, summary: string}[], now: Date}} due `book`: its id; `url`:
 *   the review page; `day`: a study day
 */
export function calendarOf({ book, url, days, now }) {
  const events = days.flatMap(({ day, summary }) => {
    const date = stamp(dateOf(day)).slice(0, 8);
    return [
      "BEGIN:VEVENT",
      `UID:review-${date}@${book}.latentbook`,
      `DTSTAMP:${stamp(now)}`,
      `DTSTART;VALUE=DATE:${date}`,
      `SUMMARY:${escaped(summary)}`,
      `URL:${url}`,
      "TRANSP:TRANSPARENT", // it blocks no time of the day
      "END:VEVENT",
    ];
  });
  const lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Latentbook//Review//EN", ...events, "END:VCALENDAR"];
  return lines.map((line) => `${folded(line)}\r\n`).join("");
}

/** Number of octets of a character in UTF-8. @param {number} code */
const octets = (code) => 1 + [0x80, 0x800, 0x10000].filter((start) => code >= start).length;

/** Fold a line into pieces that do not split characters. @param {string} line */
function folded(line) {
  const pieces = [""];
  let room = MAX_LINE;
  for (const character of line) {
    const size = octets(/** @type {number} */ (character.codePointAt(0)));
    if (size > room) {
      pieces.push("");
      room = MAX_LINE - 1; // a piece begins with a space
    }
    pieces[pieces.length - 1] += character;
    room -= size;
  }
  return pieces.join("\r\n ");
}
