/**
 * Start a presentation by a button, a key or the address, `?present#step-3`. Its scripts and styles load only then.
 *
 * @import { Show } from "./show.js"
 */
import { idInAddress } from "../page/address.js";

const ASKED = "present";

/** @type {Show | null} */
let show = null;
let left = 0;

/** Follow the address of a page just loaded into the document. @returns {() => void} leaves the page */
export function enterDeck() {
  follow();
  return () => {
    left += 1;
    show?.end();
    show = null;
  };
}

/** Whether the page is being presented. */
export const isPresented = () => show !== null;

/** Whether the page is a deck, which Space starts. */
export const isDeck = () => document.querySelector("[data-deck]") !== null;

/** Whether there is anything to present. */
const isPresentable = () => isDeck() || document.querySelector(".section.flow") !== null;

/** @param {{plays?: boolean}} [how] `plays`: in automatic mode */
export async function present({ plays = false } = {}) {
  if (!isPresentable()) return;
  if (!show) {
    history.pushState(null, "", addressOf(true, idInAddress()));
    await follow();
  }
  if (plays) show?.play();
}

/** Show the slide in the address. */
async function follow() {
  const asked = new URLSearchParams(location.search).has(ASKED) && isPresentable();
  if (asked && !show) {
    const before = left;
    const [{ Show }] = await Promise.all([import("./show.js"), import("../sheet.js").then(({ loadSheet }) => loadSheet("show.css"))]);
    if (before !== left || show) return; // the reader has moved on
    show = new Show({ go: (id) => history.pushState(null, "", addressOf(true, id)), leave });
  }
  if (asked) show?.showAt(idInAddress());
  else close();
}

/** Return to the page, at the slide shown last. */
function leave() {
  const id = idInAddress();
  history.pushState(null, "", addressOf(false, id));
  close();
}

function close() {
  const place = show?.element;
  show?.end();
  show = null;
  place?.scrollIntoView();
}

addEventListener("popstate", follow);

/** @param {boolean} presented @param {string} id */
function addressOf(presented, id) {
  const asked = new URLSearchParams(location.search);
  asked.delete(ASKED);
  const rest = asked.toString().replaceAll("%2C", ",");
  const search = [presented ? ASKED : "", rest].filter(Boolean).join("&");
  return `${location.pathname}${search && `?${search}`}${id && `#${id}`}`;
}
