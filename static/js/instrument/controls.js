/**
 * The controls of one instrument: connects native inputs to values.
 *
 * @import { Controls, Value } from "../python/protocol.js"
 * @import { Bound, Read } from "./controls/types.js"
 * @import { ControlSpec, InstrumentSpec } from "./spec.js"
 */
import { make } from "../elements.js";
import { kindOf } from "./kinds.js";
import { formatValue } from "./spec.js";
import { translate } from "../words.js";

export class ControlPanel {
  /** Values of the controls that the reader moved before this script loaded. @type {Controls} */
  moved = {};
  #place;
  /** @type {Map<string, Bound & {element: HTMLElement}>} */
  #bound = new Map();
  #specs;
  #values;
  #onMove;
  #gone = new AbortController();

  /**
   * @param {HTMLElement} place
   * @param {InstrumentSpec} spec
   * @param {Controls} values
   * @param {(name: string) => void} onMove called with the control that the reader moved, once its value is set
   */
  constructor(place, spec, values, onMove) {
    this.#place = place;
    this.#values = { ...values };
    this.#onMove = onMove;
    this.#specs = spec.controls;
    /** @type {[ControlSpec, Read][]} */
    const early = [];
    for (const control of spec.controls) {
      const bound = this.#bind(control);
      this.#bound.set(control.name, bound);
      const read = movedTo(bound);
      if (read === undefined) continue;
      early.push([control, read]);
      const value = takenOf(read);
      if (value !== undefined) this.moved[control.name] = value;
    }
    this.show({ ...values, ...this.moved });
    for (const [control, read] of early) this.#tellProblem(control, read);
  }

  destroy() {
    this.#gone.abort();
  }

  /** A copy of the values. @returns {Controls} */
  get values() {
    return { ...this.#values };
  }

  /** Set some controls without an event. @param {Controls} values */
  show(values) {
    for (const [name, value] of Object.entries(values)) {
      const bound = this.#bound.get(name);
      if (bound === undefined) continue;
      this.#values[name] = value;
      bound.show(value);
      tell(bound.element, "");
    }
    for (const { name, when } of this.#specs) {
      const bound = this.#bound.get(name);
      if (bound === undefined || when === null) continue;
      const hidden = !when.slice(1).includes(String(this.#values[when[0]]));
      if (bound.element.hidden !== hidden) bound.element.hidden = hidden;
    }
  }

  /** Set one control as the reader would. @param {string} name @param {Value} value */
  move(name, value) {
    if (formatValue(this.#values[name]) === formatValue(value)) return;
    this.show({ [name]: value });
    this.#onMove(name);
  }

  /** Show a problem with the input under its control. @param {string} name @param {string} problem */
  tell(name, problem) {
    const element = this.#bound.get(name)?.element;
    if (element) tell(element, problem);
  }

  /** The name of the control that an event came from. @param {Event} event @returns {string | null} */
  controlOf({ target }) {
    const element = target instanceof Element ? target.closest("[data-control]") : null;
    return element instanceof HTMLElement ? (element.dataset.control ?? null) : null;
  }

  /** @param {ControlSpec} control */
  #bind(control) {
    const { name } = control;
    const element = /** @type {HTMLElement} */ (this.#place.querySelector(`[data-control="${name}"]`));
    const bound = kindOf(control).bind(control, element, {
      value: () => this.#values[name],
      move: (value) => this.move(name, value),
      accept: (read) => this.#accept(control, read),
      controls: this.#place,
      signal: this.#gone.signal,
    });
    return { element, ...bound };
  }

  /** @param {ControlSpec} control @param {Read} read */
  #accept(control, read) {
    const taken = takenOf(read);
    if (taken !== undefined) this.move(control.name, taken);
    this.show({ [control.name]: this.#values[control.name] });
    this.#tellProblem(control, read);
  }

  /** Show the problem with an input, and the value in use. @param {ControlSpec} control @param {Read} read */
  #tellProblem(control, read) {
    if (!("problem" in read)) return;
    const now = { control: control.label, value: formatValue(this.#values[control.name]).replaceAll(",", ", ") };
    if (read.nearest === undefined) this.tell(control.name, `${read.problem} ${translate("{control} stays at {value}.", now)}`);
    else if (typeof read.nearest === "string") this.tell(control.name, `${read.problem} ${translate("The rest is left out.")}`);
    else this.tell(control.name, `${read.problem} ${translate("{control} is now {value}.", now)}`);
  }
}

/**
 * The value that the reader entered before any script was listening.
 * @param {Bound & {element: HTMLElement}} bound
 * @returns {Read | undefined} undefined if it is unmoved
 */
function movedTo({ element, entered }) {
  const isMoved = [...element.querySelectorAll("input")].some((each) =>
    ["radio", "checkbox"].includes(each.type) ? each.checked !== each.defaultChecked : each.value !== each.defaultValue,
  );
  return isMoved ? entered?.() : undefined;
}

/** The value to use for an input, if any. @param {Read} read */
const takenOf = (read) => ("value" in read ? read.value : read.nearest);

/**
 * Show a message under a control, even if it repeats; "" removes it.
 * @param {HTMLElement} element @param {string} sentence
 */
function tell(element, sentence) {
  element.querySelector(".problem")?.remove();
  if (sentence === "") return;
  element.append(make("p", { className: "help problem", role: "alert" }, sentence));
}
