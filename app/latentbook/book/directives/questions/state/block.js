import { live } from "latentbook/instrument/in-page.js";
import { questionOf } from "latentbook/instrument/question.js";
import { formatValue, ownState } from "latentbook/instrument/spec.js";
import { fits, writeState } from "latentbook/instrument/state.js";
import { RunError } from "latentbook/python/page/job.js";
import { runtime } from "latentbook/python/page/runtime.js";
import { copyOf } from "latentbook/quiz/feedback.js";
import { translate } from "latentbook/words.js";

/**
 * A state of an instrument that fulfils conditions. The book's own code recomputes it, here as on the server (goal.py),
 * because the picture may lag behind the controls, and readers may have edited the instrument.
 *
 * @typedef {[string, string, string]} Condition a readout or a control, a sign, and the value to compare with
 */
export default class InstrumentState {
  /** Whether the reader has used the instrument, because the page's address may have moved it too. */
  #touched = false;
  /** The answer from an earlier visit, as JSON, until the instrument has started. */
  #earlier = "";

  /** @param {HTMLElement} section @param {{goal: Condition[], wrong?: Condition[][]}} key */
  constructor(section, key) {
    this.section = section;
    this.key = key;
    this.instrument = /** @type {HTMLElement} */ (section.querySelector("section.instrument"));
    for (const kind of ["input", "click", "keydown"]) section.addEventListener(kind, () => (this.#touched = true), { capture: true });
    this.instrument.addEventListener("mounted", () => this.#restore());
  }

  /** The controls' values as JSON, once they differ from the initial ones. */
  get answer() {
    return this.#moved || this.#earlier;
  }

  get #moved() {
    const instrument = live.get(this.instrument);
    if (instrument === undefined || !this.#touched) return "";
    const { spec, controls } = instrument;
    return writeState("", spec, controls.values) === "" ? "" : JSON.stringify(controls.values);
  }

  set answer(text) {
    this.#earlier = text;
    this.#restore();
  }

  #restore() {
    const instrument = live.get(this.instrument);
    if (instrument === undefined || this.#earlier === "" || this.#moved !== "") return;
    const values = JSON.parse(this.#earlier);
    const known = instrument.spec.controls.filter((control) => fits(control, values[control.name]));
    instrument.set({ ...instrument.controls.values, ...Object.fromEntries(known.map(({ name }) => [name, values[name]])) });
    this.#earlier = "";
    this.#touched = true;
  }

  /** @param {() => void} react */
  changed(react) {
    for (const kind of ["input", "click"]) this.instrument.addEventListener(kind, react);
  }

  /** @param {AbortSignal} [signal] @returns {Promise<import("latentbook/quiz/types.js").Reply>} */
  async check(signal) {
    const instrument = live.get(this.instrument);
    const { answer } = this;
    if (instrument === undefined || answer === "") return { state: "unread", said: [new Text(translate("Move the instrument first."))] };
    const values = JSON.parse(answer);
    try {
      /** @type {import("latentbook/python/protocol.js").FrameValue} */
      const { readouts } = await runtime.request(questionOf(instrument.own, values, null), { signal });
      return this.#judge(instrument.own, { ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, formatValue(value)])), ...readouts });
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      return { state: "unread", said: [new Text(error.message)] };
    }
  }

  /**
   * @param {import("latentbook/instrument/spec.js").InstrumentSpec} own
   * @param {Record<string, string>} shown
   * @returns {import("latentbook/quiz/types.js").Reply}
   */
  #judge({ controls, readouts }, shown) {
    /** @param {Condition} condition */
    const holds = ([name, sign, wanted]) => compare(shown[name], sign, wanted);
    const missed = this.key.goal.find((condition) => !holds(condition));
    if (missed === undefined) return { state: "right", said: [] };
    const foreseen = (this.key.wrong ?? []).findIndex((goal) => goal.every(holds));
    if (foreseen >= 0) return { state: "wrong", said: copyOf(this.section, `[data-wrong="${foreseen}"]`) };
    const [name, sign, wanted] = missed;
    const control = controls.find((each) => each.name === name);
    const label = (control ?? readouts.find(({ key }) => key === name))?.label ?? name;
    /** @param {string} value */
    const seen = (value) => control?.options?.[value] ?? value;
    const value = wanted.startsWith('"') ? JSON.stringify(shown[name]) : seen(shown[name]);
    const said = translate("{name} is {value}; asked for: {sign} {wanted}.", { name: label, value, sign, wanted: seen(wanted) });
    return { state: "wrong", said: [new Text(said)] };
  }

  clear() {
    this.#earlier = "";
    const instrument = live.get(this.instrument);
    instrument?.set(ownState(instrument.spec));
  }
}

/** Matches the number at the start of a displayed value, as in goal.py. */
const NUMBER = /^(-?[\d,]*\.?\d+)(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?/;
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** @param {string} text */
function numberIn(text) {
  const [, digits, power = ""] = text.replace("−", "-").match(NUMBER) ?? [];
  const exponent = power.replace("⁻", "-").replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹]/g, (digit) => String(RAISED.indexOf(digit)));
  return digits === undefined ? null : Number(`${digits.replaceAll(",", "")}e${exponent || 0}`);
}

/** @param {string} shown @param {string} sign @param {string} wanted */
function compare(shown, sign, wanted) {
  if (wanted.startsWith('"')) return sign === "==" && shown === JSON.parse(wanted);
  const [a, b] = [numberIn(shown), numberIn(wanted)];
  if (a === null || b === null) return sign === "==" && shown === wanted;
  if (sign === "<") return a < b;
  if (sign === "<=") return a <= b;
  if (sign === ">") return a > b;
  if (sign === ">=") return a >= b;
  return a === b;
}
