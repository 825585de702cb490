/**
 * The number of due cards, in the bar of each page. A summary in local storage (study/due.js) saves opening the log.
 */
import { absolute } from "../config.js";
import { today } from "../study/day.js";
import { read } from "../store.js";
import { translateCount } from "../words.js";

export function showDue() {
  /** @type {[number, number][]} */
  const days = read("due", "days")?.days ?? [];
  const count = days.reduce((sum, [day, due]) => sum + (day <= today() ? due : 0), 0);
  void (count > 0 ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.())?.catch(() => {}); // the book may not be installed
  const contents = document.querySelector(".bar .row > .space + a");
  const shown = document.querySelector(".bar a[data-due]");
  if (count === 0) return void shown?.remove();
  const link = /** @type {HTMLAnchorElement} */ (shown ?? document.createElement("a"));
  link.dataset.due = "";
  link.style.whiteSpace = "nowrap";
  link.href = absolute("review/");
  link.textContent = translateCount(count, "{number} due", "{number} due");
  if (shown === null) contents?.before(link);
}
