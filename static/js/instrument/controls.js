/**
 * The controls of one instrument: native inputs on one side, values on the other.
 *
 * @import { Controls } from "../python/protocol.js"
 * @import { ControlSpec, SliderSpec, NumberSpec, Value } from "./state.js"
 * @typedef {{show: (value: any) => void, element: HTMLElement}} Bound
 */
import { make } from "../elements.js";
import { kept, onKept } from "./kept.js";
import { bindPlay } from "./play.js";
import { formatValue, nearest, parseFields, steps } from "./state.js";
import { translate } from "../words.js";

export class ControlPanel {
  /** Controls that the reader moved before this script loaded. @type {Controls} */
  moved = {};
  #place;
  /** @type {Map<string, Bound>} */
  #bound = new Map();
  #specs;
  #values;
  #onMove;
  #gone = new AbortController();

  /**
   * @param {HTMLElement} place
   * @param {import("./state.js").InstrumentSpec} spec
   * @param {Controls} values
   * @param {(name: string) => void} onMove called with the control that the reader moved, once its value is set
   */
  constructor(place, spec, values, onMove) {
    this.#place = place;
    this.#values = { ...values };
    this.#onMove = onMove;
    this.#specs = spec.controls;
    for (const control of spec.controls) {
      const bound = this.#bind(control);
      this.#bound.set(control.name, bound);
      const value = movedTo(control, bound.element);
      if (value !== undefined) this.moved[control.name] = value;
    }
    this.show({ ...values, ...this.moved });
  }

  destroy() {
    this.#gone.abort();
  }

  /** A copy of the values. @returns {Controls} */
  get values() {
    return { ...this.#values };
  }

  /** Sets some controls without an event. @param {Controls} values */
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

  /** Sets one control as the reader would. @param {string} name @param {Value} value */
  move(name, value) {
    if (formatValue(this.#values[name]) === formatValue(value)) return;
    this.show({ [name]: value });
    this.#onMove(name);
  }

  /** Shows under a control what was wrong with its input. @param {string} name @param {string} problem */
  tell(name, problem) {
    const element = this.#bound.get(name)?.element;
    if (element) tell(element, problem);
  }

  /** Which control an event came from. @param {Event} event @returns {string | null} */
  controlOf({ target }) {
    const element = target instanceof Element ? target.closest("[data-control]") : null;
    return element instanceof HTMLElement ? (element.dataset.control ?? null) : null;
  }

  /** @param {ControlSpec} control @returns {Bound} */
  #bind(control) {
    const element = /** @type {HTMLElement} */ (this.#place.querySelector(`[data-control="${control.name}"]`));
    switch (control.kind) {
      case "slider":
        return { element, show: this.#bindSlider(control, element) };
      case "choice":
        return { element, show: this.#bindChoice(control, element) };
      case "toggle":
        return { element, show: this.#bindToggle(control.name, element) };
      case "point":
      case "viewport":
        return { element, show: this.#bindPlace(control, element) };
      case "seed":
        return { element, show: this.#bindSeed(control, element) };
      case "drawing":
        return { element, show: () => {} }; // the pad shows it
    }
  }

  /** @param {SliderSpec} control @param {HTMLElement} element */
  #bindSlider(control, element) {
    const all = steps(control);
    const range = input(element, `[name="${control.name}"]`);
    const typed = input(element, ".typed");
    range.addEventListener("input", () => this.move(control.name, valueAt(control, range)));
    this.#bindFields(control, element, [typed]);
    return (/** @type {number} */ value) => {
      range.value = String(control.values.length > 0 ? nearest(all, value) : value);
      range.style.setProperty("--value", fraction(range));
      range.setAttribute("aria-valuetext", control.unit ? `${value} ${control.unit}` : String(value));
      typed.value = String(value);
    };
  }

  /** @param {import("./state.js").ChoiceSpec} control @param {HTMLElement} element */
  #bindChoice(control, element) {
    const { name } = control;
    // Options that need a saved network: one option, or the complete choice if it has no other.
    const own = /** @type {HTMLElement | null} */ (element.matches("[data-kept]") ? element : element.querySelector("[data-kept]"));
    if (own !== null) {
      const offer = () => (own.hidden = kept() === null);
      onKept(offer, this.#gone.signal);
      offer();
    }
    element.addEventListener("change", (event) => this.move(name, /** @type {HTMLInputElement} */ (event.target).value));
    bindPlay(control, this.#place, element, {
      value: () => String(this.#values[name]),
      move: (value) => this.move(name, value),
      signal: this.#gone.signal,
    });
    return (/** @type {string} */ value) => {
      input(element, `[value="${CSS.escape(value)}"]`).checked = true;
    };
  }

  /** @param {string} name @param {HTMLElement} element */
  #bindToggle(name, element) {
    const box = input(element, "input");
    box.addEventListener("change", () => this.move(name, box.checked));
    return (/** @type {boolean} */ value) => {
      box.checked = value;
    };
  }

  /** @param {import("./state.js").PointSpec | import("./state.js").ViewportSpec} control @param {HTMLElement} element */
  #bindPlace(control, element) {
    const parts = control.kind === "point" ? ["x", "y"] : ["x", "y", "zoom"];
    const fields = parts.map((part) => input(element, `[name="${control.name}.${part}"]`));
    this.#bindFields(control, element, fields);
    return (/** @type {number[]} */ place) => {
      for (const [i, field] of fields.entries()) field.value = String(place[i]);
    };
  }

  /** @param {import("./state.js").SeedSpec} control @param {HTMLElement} element */
  #bindSeed(control, element) {
    const number = input(element, "input");
    this.#bindFields(control, element, [number]);
    element.querySelector('[data-action="reseed"]')?.addEventListener("click", () => {
      const others = Math.floor(Math.random() * control.max); // one fewer than the number of seeds
      this.move(control.name, others < Number(this.#values[control.name]) ? others : others + 1);
    });
    return (/** @type {number} */ value) => {
      number.value = String(value);
    };
  }

  /**
   * Typed input is accepted with Enter or when the reader leaves the field: rounded to the nearest step, or not at all.
   * Both are reported, and the field then shows the value in use.
   * @param {NumberSpec} control
   * @param {HTMLElement} element
   * @param {HTMLInputElement[]} fields
   */
  #bindFields(control, element, fields) {
    const take = () => {
      if (formatValue(this.#values[control.name]) === fields.map(({ value }) => value).join(",")) return;
      const read = parseFields(control, fields.map(({ value }) => value));
      this.#take(control, element, read);
    };
    for (const [i, field] of fields.entries()) {
      field.addEventListener("change", take);
      field.addEventListener("blur", take);
      field.addEventListener("keydown", (event) => {
        const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
        if (event.key === "Enter") take();
        if (way === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        take();
        this.move(control.name, stepped(control, this.#values[control.name], i, way));
      });
    }
  }

  /** @param {NumberSpec} control @param {HTMLElement} element @param {import("./state.js").Read} read */
  #take(control, element, read) {
    const taken = "value" in read ? read.value : read.nearest;
    if (taken !== undefined) this.move(control.name, taken);
    this.show({ [control.name]: this.#values[control.name] });
    if (!("problem" in read)) return;
    const now = { control: control.label, value: this.#said(control.name) };
    const said = taken === undefined ? translate("{control} stays at {value}.", now) : translate("{control} is now {value}.", now);
    tell(element, `${read.problem} ${said}`);
  }

  /** @param {string} name */
  #said(name) {
    return formatValue(this.#values[name]).replaceAll(",", ", ");
  }
}

/** @param {HTMLElement} element @param {string} selector */
const input = (element, selector) => /** @type {HTMLInputElement} */ (element.querySelector(selector));

/**
 * A move of the reader that no script has answered yet.
 * @param {ControlSpec} control
 * @param {HTMLElement} element
 * @returns {Value | undefined} undefined if it is unmoved or its value is invalid
 */
function movedTo(control, element) {
  const inputs = [...element.querySelectorAll("input")];
  const moved = inputs.filter((each) =>
    ["radio", "checkbox"].includes(each.type) ? each.checked !== each.defaultChecked : each.value !== each.defaultValue,
  );
  if (moved.length === 0) return undefined;
  switch (control.kind) {
    case "choice":
      return inputs.find(({ checked }) => checked)?.value;
    case "toggle":
      return inputs[0].checked;
    case "drawing":
      return undefined;
    case "slider": {
      const range = input(element, `[name="${control.name}"]`);
      if (moved.includes(range)) return valueAt(control, range);
    }
  }
  const typed = control.kind === "slider" ? moved : inputs;
  const read = parseFields(control, typed.map(({ value }) => value));
  return "value" in read ? read.value : read.nearest;
}

/**
 * The value after an arrow key in one of a control's fields.
 * @param {NumberSpec} control
 * @param {Value} value
 * @param {number} place of the field
 * @param {number} way 1 or -1
 */
function stepped(control, value, place, way) {
  /** @param {number} number @param {number} step @param {number} low @param {number} high */
  const within = (number, step, low, high) => Math.max(low, Math.min(high, Number((number + way * step).toFixed(10))));
  switch (control.kind) {
    case "slider": {
      const all = steps(control);
      return all[within(nearest(all, Number(value)), 1, 0, all.length - 1)];
    }
    case "seed":
      return within(Number(value), 1, 0, control.max);
    case "point": {
      const [...point] = /** @type {[number, number]} */ (value);
      point[place] = within(point[place], control.step, -control.limit, control.limit);
      return point;
    }
    case "viewport": {
      const [...view] = /** @type {[number, number, number]} */ (value);
      const step = 2 ** -Math.floor(view[2]); // a sixteenth of the view
      view[place] = place === 2 ? within(view[2], 1, 0, control.max_zoom) : within(view[place], step, -control.limit, control.limit);
      return view;
    }
  }
}

/** @param {SliderSpec} control @param {HTMLInputElement} range */
function valueAt(control, range) {
  const all = steps(control);
  const place = Number(range.value);
  return control.values.length > 0 ? all[place] : all[nearest(all, place)];
}

/** Place of a slider's thumb, 0 to 1. @param {HTMLInputElement} range */
function fraction(range) {
  const [low, high] = [Number(range.min), Number(range.max)];
  return String((Number(range.value) - low) / (high - low));
}

/**
 * Shows a message under a control, also if it repeats; "" removes it.
 * @param {HTMLElement} element @param {string} sentence
 */
function tell(element, sentence) {
  element.querySelector(".problem")?.remove();
  if (sentence === "") return;
  element.append(make("p", { className: "help problem", role: "alert" }, sentence));
}
