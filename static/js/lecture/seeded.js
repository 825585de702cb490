/**
 * An instrument in class: on a phone with the seed of its seat, on the projector as the book has it.
 *
 * @typedef {import("./question.js").Asked} Asked
 * @typedef {import("../instrument/state.js").InstrumentSpec} InstrumentSpec
 * @typedef {import("../python/protocol.js").FrameValue} FrameValue
 */
import { checkFigures } from "../instrument/picture.js";
import { mountInstrument } from "../instrument/in-page.js";
import * as plot from "../instrument/panels/plot.js";
import { questionOf } from "../instrument/question.js";
import { ownState } from "../instrument/state.js";
import { readNumber } from "../number.js";
import { runtime } from "../python/page/runtime.js";
import { translate } from "../words.js";
import { one, say } from "./page.js";
import { faint, showResults } from "./results.js";

/** As many as the server takes of a curve. */
const MAX_POINTS = 128;

/**
 * Computes what is asked for with the seed of a seat.
 *
 * @param {Asked} asked
 * @param {number} seat
 * @param {HTMLElement} place
 * @param {(value: any) => void} done hears the value
 * @returns {() => void} ends it
 */
export function computeMine(asked, seat, place, done) {
  const section = put(asked, place);
  const spec = specOf(section);
  const control = /** @type {import("../instrument/state.js").SeedSpec} */ (spec.controls.find(({ kind }) => kind === "seed"));
  const seed = seat % (control.max + 1);
  spec.set = { ...spec.set, [control.name]: seed };
  section.dataset.spec = JSON.stringify(spec);
  one("[data-seed]", place).textContent = String(seed);
  const destroy = mountInstrument(section);
  const stop = new AbortController();
  frameOf(spec, stop.signal).then(
    (frame) => {
      const value = asked.kind === "readout" ? readoutOf(spec, frame, asked.wanted ?? "") : curveOf(frame, asked.wanted ?? "");
      if (value === null) return say("[data-computed]", translate("Your phone could not compute it."));
      const text = asked.kind === "readout" ? translate("Your value is {value}.", { value: frame.readouts[asked.wanted ?? ""] }) : "";
      say("[data-computed]", text);
      done(value);
    },
    () => stop.signal.aborted || say("[data-computed]", translate("Your phone could not compute it.")),
  );
  return () => {
    stop.abort();
    destroy();
  };
}

/** Shows the instrument to all. @param {Asked} asked @param {HTMLElement} place @returns {() => void} ends it */
export function showInstrument(asked, place) {
  const section = put(asked, place);
  one(".ask", place).hidden = true;
  return mountInstrument(section);
}

/**
 * All values, or all curves, with those of the book's own seed.
 *
 * @param {Asked} asked
 * @param {any[][]} rounds
 * @param {HTMLElement} place
 */
export async function showComputed(asked, rounds, place) {
  const held = document.createElement("div");
  const spec = specOf(put(asked, held, false));
  const wanted = asked.wanted ?? "";
  if (asked.kind === "readout") {
    // The page has it from the build: this picture does not wait for Python.
    const text = held.querySelector(`[data-readout="${CSS.escape(wanted)}"]`)?.textContent ?? "";
    const read = readNumber(text, unitOf(spec, wanted));
    return showResults({ ...asked, unit: unitOf(spec, wanted) }, rounds, place, "value" in read ? read.value : null);
  }
  const frame = await frameOf(spec, new AbortController().signal);
  const panel = panelOf(frame, wanted);
  showResults(asked, rounds, place, null);
  place.querySelectorAll("figure").forEach((figure, i) => {
    const traces = rounds[i].map(({ x, y }) => ({
      type: "scatter",
      mode: "lines",
      x,
      y,
      line: { ...lineOf(panel)?.line, width: 1 },
      opacity: faint(rounds[i].length),
    }));
    const drawn = document.createElement("div");
    drawn.className = "panel plot";
    figure.append(drawn);
    plot.mount(drawn).draw({ ...panel, figure: { ...panel.figure, data: [...traces, ...panel.figure.data] } });
  });
}

/** @param {Asked} asked @param {HTMLElement} place @param {boolean} [isShown] */
function put(asked, place, isShown = true) {
  const holder = isShown ? one(".asked-instrument", place) : place;
  holder.innerHTML = asked.html ?? "";
  return one("section[data-instrument]", holder);
}

/** @param {HTMLElement} section @returns {InstrumentSpec} */
const specOf = (section) => JSON.parse(section.dataset.spec ?? "");

/** @param {InstrumentSpec} spec @param {AbortSignal} signal @returns {Promise<FrameValue>} of the state that the book has set */
async function frameOf(spec, signal) {
  const question = questionOf(spec, ownState(spec), null);
  for (;;) {
    /** @type {FrameValue} */
    const frame = await runtime.request(question, { signal });
    checkFigures(frame);
    if (frame.reached === null || frame.reached.done) return frame;
  }
}

/** @param {InstrumentSpec} spec @param {string} key */
const unitOf = (spec, key) => spec.readouts.find((readout) => readout.key === key)?.unit ?? "";

/** @param {InstrumentSpec} spec @param {FrameValue} frame @param {string} key @returns {number | null} */
function readoutOf(spec, frame, key) {
  const read = readNumber(frame.readouts[key] ?? "", unitOf(spec, key));
  return "value" in read ? read.value : null;
}

/** @param {FrameValue} frame @param {string} key */
const panelOf = (frame, key) => /** @type {import("../python/protocol.js").PlotPanel} */ (frame.panels.find((panel) => panel.key === key));

/** The longest curve of a panel. @param {import("../python/protocol.js").PlotPanel} panel */
function lineOf(panel) {
  const lines = panel.figure.data.filter((/** @type {any} */ trace) => trace.type === "scatter" && (trace.mode ?? "lines").includes("lines"));
  return lines.sort((/** @type {any} */ a, /** @type {any} */ b) => b.x.length - a.x.length)[0];
}

/** @param {FrameValue} frame @param {string} key @returns {{x: number[], y: number[]} | null} */
function curveOf(frame, key) {
  const line = lineOf(panelOf(frame, key));
  if (line === undefined) return null;
  const places = [...line.x.keys()].filter((i) => Number.isFinite(line.x[i]) && Number.isFinite(line.y[i]));
  if (places.length < 2) return null;
  const count = Math.min(MAX_POINTS, places.length);
  const kept = Array.from({ length: count }, (_, i) => places[Math.round((i * (places.length - 1)) / (count - 1))]);
  const rounded = (/** @type {number} */ value) => Number(value.toPrecision(4));
  return { x: kept.map((i) => rounded(line.x[i])), y: kept.map((i) => rounded(line.y[i])) };
}
