/** The projector: where to join, the question and, once they are revealed, the answers. */
import { absolute } from "latentbook/config.js";
import { ask, elapsed, one, poll, Refused, say, show } from "./page.js";
import { showAsked, showResults } from "./question.js";
import { inDigits, translate } from "latentbook/words.js";

const { code = "" } = document.body.dataset;
const PLACE = `api/lecturer/classes/${code}`;

/** @type {any} */
let state = null;
let shown = "";
let ahead = 0;
/** @type {import("./question.js").Form | null} */
let form = null;

const address = absolute(`j/${code}`);
say("[data-address]", address.replace(/^https?:\/\//, "").replace(/[^/]*$/, ""));
say("[data-code-shown]", `${code.slice(0, 3)} ${code.slice(3)}`);
/** @type {HTMLImageElement} */ (one("[data-qr]")).src = absolute(`${PLACE}/qr.svg?address=${encodeURIComponent(address)}`);

async function follow() {
  const response = await ask(PLACE);
  ahead = Date.parse(response.headers.get("Date") ?? "") / 1000 - Date.now() / 1000 || 0;
  state = await response.json();
  say("[data-here]", String(state.here));
  say("[data-said]", "");
  tick();
  if (!state.asking) {
    shown = "";
    return show("waiting");
  }
  const key = `${state.asking} ${state.phase === "revealed"} ${state.rounds.length}`;
  if (key === shown) return;
  const asked = await (await ask(`${PLACE}/askings/${state.asking}`)).json();
  const rounds = state.phase === "revealed" ? await (await ask(`${PLACE}/results`)).json() : null;
  form?.destroy?.();
  show("asked");
  say("[data-section]", asked.section);
  const [text, place, results] = ["[data-text]", "[data-answering]", "[data-results]"].map((each) => one(each));
  place.hidden = false; // a picture is made for the width of its place
  form = showAsked(asked, text, place);
  for (const input of place.querySelectorAll("input, button")) /** @type {HTMLInputElement} */ (input).disabled = true;
  results.replaceChildren();
  if (rounds) await showResults(form, asked, rounds, results);
  else await form.project?.();
  place.hidden = rounds !== null;
  shown = key;
}

function tick() {
  const round = state?.rounds?.at(-1);
  const answers = inDigits(round?.answers ?? 0);
  const answered = translate("{answers} of {here} have answered", { answers, here: inDigits(state?.here ?? 0) });
  say("[data-answers]", round ? `${answered} ·` : "");
  say("[data-time]", !round ? "" : state.phase === "open" ? elapsed(round.opened_at, Date.now() / 1000 + ahead) : translate("Closed"));
}

show("waiting");
setInterval(tick, 1000);
poll(follow, (error) => {
  const isOver = error instanceof Refused && [403, 404, 410].includes(error.status);
  if (isOver) show("ended");
  else if (!(error instanceof TypeError) && !(error instanceof Refused)) throw error;
  say("[data-said]", isOver ? "" : translate("No connection to the server. Trying again …"));
  return !isOver;
});
