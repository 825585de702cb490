/**
 * A curve of an instrument, computed by each phone with its own seed.
 *
 * @import { FrameValue } from "../computed.js"
 * @import { PlotPanel } from "latentbook/python/protocol.js"
 */
import { make } from "latentbook/elements.js";
import { Computed } from "../computed.js";
import { faint, figuresOf } from "../results.js";

const MAX_POINTS = 128;

export default class Panel extends Computed {
  /** @param {import("../computed.js").InstrumentSpec} spec @param {FrameValue} frame */
  valueOf(spec, frame) {
    return curveOf(lineOf(this.#panelOf(frame)));
  }

  /** All curves, under that of the book's own seed. @param {{x: number[], y: number[]}[][]} rounds @param {HTMLElement} place */
  async showResults(rounds, place) {
    const { put, frameOf, mountPlot } = await import("../seeded.js");
    const { spec } = put(this.asked.html, document.createElement("div"));
    const panel = this.#panelOf(await frameOf(spec, new AbortController().signal));
    for (const [i, figure] of figuresOf(rounds, place).entries()) {
      const traces = rounds[i].map(({ x, y }) => ({
        type: "scatter",
        mode: "lines",
        x,
        y,
        line: { ...lineOf(panel)?.line, width: 1 },
        opacity: faint(rounds[i].length),
      }));
      const drawn = make("div", { className: "panel plot" });
      figure.append(drawn);
      mountPlot(drawn).draw({ ...panel, figure: { ...panel.figure, data: [...traces, ...panel.figure.data] } });
    }
  }

  /** @param {FrameValue} frame */
  #panelOf(frame) {
    return /** @type {PlotPanel} */ (frame.panels.find((panel) => panel.key === this.asked.wanted));
  }
}

/** The longest curve of a panel. @param {PlotPanel} panel */
function lineOf(panel) {
  const lines = panel.figure.data.filter((/** @type {any} */ trace) => trace.type === "scatter" && (trace.mode ?? "lines").includes("lines"));
  return lines.sort((/** @type {any} */ a, /** @type {any} */ b) => b.x.length - a.x.length)[0];
}

/** The finite points of a curve, or some of them if there are too many. @param {any} line @returns {{x: number[], y: number[]} | null} */
function curveOf(line) {
  if (line === undefined) return null;
  const finite = [...line.x.keys()].filter((i) => Number.isFinite(line.x[i]) && Number.isFinite(line.y[i]));
  if (finite.length < 2) return null;
  const count = Math.min(MAX_POINTS, finite.length);
  const sent = Array.from({ length: count }, (_, i) => finite[Math.round((i * (finite.length - 1)) / (count - 1))]);
  const rounded = (/** @type {number} */ value) => Number(value.toPrecision(4));
  return { x: sent.map((i) => rounded(line.x[i])), y: sent.map((i) => rounded(line.y[i])) };
}
