/** The lecturer's page: gives the key, starts classes, asks, reveals. */
import { ask, elapsed, one, poll, Refused, say } from "./page.js";
import { translate, translateCount } from "latentbook/words.js";

const { code = "" } = document.body.dataset;
const CLASSES = "api/lecturer/classes";

/** @typedef {{label: string, wanted: string, title: string}} Choice */

if (location.hash.length > 1) giveKey(location.hash.slice(1));
for (const button of document.querySelectorAll("[data-do]")) {
  button.addEventListener("click", () => act(/** @type {HTMLButtonElement} */ (button)).catch(complain));
}

/** @param {string} key */
async function giveKey(key) {
  history.replaceState(null, "", location.pathname); // so that neither the screen nor the history shows it
  try {
    await ask("api/lecturer/key", { method: "POST", body: { key: decodeURIComponent(key) } });
    location.reload();
  } catch (error) {
    say("[data-said]", error instanceof Refused ? translate("This is not the lecturer’s key.") : lost());
  }
}

function lost() {
  return translate("No connection to the server. Trying again …");
}

/** @param {unknown} error */
function complain(error) {
  say("[data-said]", error instanceof Refused ? refusal(error.status) : lost());
}

/** @param {number} status */
function refusal(status) {
  if (status === 403) return translate("Open the lecturer’s address first: the server printed it.");
  if (status === 404 || status === 410) return translate("The class has ended.");
  if (status === 409 && code === "") return translate("Too many classes are running. End one first.");
  if (status === 409) return translate("The class has moved on.");
  return translate("The server does not accept this. If the book has changed, load this page again.");
}

/** @type {any} */
let state = null;
/** @type {Choice | null} */
let next = null;
/** Seconds by which the server's clock is ahead. */
let ahead = 0;
/** @type {() => void} */
let pollNow = () => {};

const items = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-label]")]);
/** @param {HTMLElement | undefined} item @param {string} wanted @returns {Choice | null} */
const choiceOf = (item, wanted) => (item ? { label: item.dataset.label ?? "", wanted, title: item.dataset.title ?? "" } : null);

/** @param {HTMLButtonElement} button */
async function act(button) {
  const step = button.dataset.do ?? "";
  const place = `${CLASSES}/${code}`;
  const round = state?.rounds?.at(-1)?.id;
  if (step === "start") {
    const started = await (await ask(CLASSES, { method: "POST", body: {} })).json();
    location.assign(started.code);
  } else if (step === "choose") {
    const item = /** @type {HTMLElement} */ (button.closest("[data-label]"));
    setNext(choiceOf(item, button.dataset.wanted ?? ""));
  } else if (step === "skip") {
    setNext(after(next?.label ?? ""));
  } else if (step === "ask-next" && next) {
    await ask(`${place}/ask`, { method: "POST", body: { label: next.label, wanted: next.wanted } });
    setNext(after(next.label));
  } else if (step === "close" || step === "reveal" || step === "again") {
    await ask(`${place}/${step}`, { method: "POST", body: { round } });
  } else if (step === "put-away") {
    await ask(`${place}/put-away`, { method: "POST", body: {} });
  } else if (step === "doors") {
    await ask(`${place}/doors`, { method: "POST", body: { open: button.dataset.open !== "true" } });
  } else if (step === "end") {
    const dialog = /** @type {HTMLDialogElement} */ (one("[data-ending]"));
    dialog.returnValue = "";
    dialog.showModal();
    dialog.addEventListener("close", () => dialog.returnValue === "end" && end().catch(complain), { once: true });
    return;
  }
  say("[data-said]", "");
  pollNow();
}

async function end() {
  await ask(`${CLASSES}/${code}`, { method: "DELETE" });
  location.assign("./");
}

/** The block after another one in the book. @param {string} label @returns {Choice | null} */
function after(label) {
  const i = items.findIndex((item) => item.dataset.label === label);
  const item = items[i + 1];
  const first = /** @type {HTMLElement | null} */ (item?.querySelector("[data-wanted]"));
  return choiceOf(item, first?.dataset.wanted ?? "");
}

/** @param {Choice | null} choice */
function setNext(choice) {
  next = choice;
  say("[data-next]", choice ? nameOf(choice) : translate("That was the last question of the book."));
  for (const step of ["ask-next", "skip"]) /** @type {HTMLButtonElement} */ (one(`[data-do="${step}"]`)).disabled = choice === null;
}

/** @param {{label: string, wanted: string, title?: string}} choice */
function nameOf({ label, wanted }) {
  const item = items.find((each) => each.dataset.label === label);
  const way = item?.querySelector(`[data-wanted="${CSS.escape(wanted)}"]`);
  const title = item?.dataset.title ?? label;
  return wanted === "" ? title : `${title} (${way?.textContent?.trim() ?? wanted})`;
}

async function follow() {
  const response = await ask(`${CLASSES}/${code}`);
  ahead = Date.parse(response.headers.get("Date") ?? "") / 1000 - Date.now() / 1000 || 0;
  const isFirst = state === null;
  state = await response.json();
  if (isFirst) setNext(state.asking ? after(state.label) : choiceOf(items[0], items[0]?.querySelector("[data-wanted]")?.getAttribute("data-wanted") ?? ""));
  say("[data-here]", String(state.here));
  say("[data-seats]", String(state.seats));
  say("[data-ends-at]", new Date(1000 * state.ends_at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }));
  say("[data-asked]", state.asking ? nameOf(state) : translate("Nothing."));
  say("[data-opens]", state.opens ?? "");
  const doors = /** @type {HTMLButtonElement} */ (one('[data-do="doors"]'));
  doors.dataset.open = String(state.doors_open);
  doors.textContent = state.doors_open ? translate("Stop new phones joining") : translate("Let new phones join");
  const { phase = "" } = state;
  enable("close", phase === "open");
  enable("reveal", phase === "open" || phase === "closed");
  enable("again", phase === "closed" || phase === "revealed");
  enable("put-away", Boolean(state.asking));
  say("[data-said]", "");
  tick();
}

/** @param {string} step @param {boolean} can */
const enable = (step, can) => (/** @type {HTMLButtonElement} */ (one(`[data-do="${step}"]`)).disabled = !can);

/** Updates the time between polls. */
function tick() {
  const round = state?.rounds?.at(-1);
  const vote = round ? translate("Vote {number}", { number: state.rounds.length }) : "";
  const answers = round ? translateCount(round.answers, "{number} answer", "{number} answers") : "";
  say("[data-answers]", round ? `${vote}: ${answers} ·` : "");
  say("[data-time]", round ? elapsed(round.opened_at, Date.now() / 1000 + ahead) : "");
}

if (code !== "") {
  one("[data-local]").hidden = !["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  pollNow = poll(follow, (error) => {
    say("[data-said]", error instanceof Refused && error.status === 410 ? translate("The class has ended.") : lost());
    return !(error instanceof Refused && [403, 404, 410].includes(error.status));
  });
  setInterval(tick, 1000);
}
