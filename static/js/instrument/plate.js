/**
 * The plate of an instrument whose declaration the reader has edited. Title, challenge, controls and readouts use the
 * same markup as the book's own, from `template[data-plate]`.
 *
 * @import { InstrumentSpec, ControlSpec, ReadoutSpec } from "./spec.js"
 */
import { make } from "../elements.js";
import { kindOf } from "./kinds.js";
import { translate } from "../words.js";

export class Plate {
  #section;
  #own;
  /** Symbols typeset in the book's plate, by their TeX; others appear as TeX. @type {Map<string, Element>} */
  #symbols = new Map();
  /** The book's challenge, which may contain formulas. */
  #challenge;

  /** @param {HTMLElement} section @param {InstrumentSpec} own */
  constructor(section, own) {
    this.#section = section;
    this.#own = own;
    this.#challenge = [...this.#find(".ask").childNodes];
    for (const control of own.controls) this.#keep(control, `[data-control="${control.name}"]`);
    for (const readout of own.readouts) this.#keep(readout, `.readout:has([data-readout="${readout.key}"])`);
  }

  /** @param {ControlSpec | ReadoutSpec} part @param {string} selector */
  #keep(part, selector) {
    const set = this.#section.querySelector(`${selector} .symbol`);
    if (set && part.symbol) this.#symbols.set(part.symbol, set);
  }

  /** Show a declaration. The first slider comes first, as on the book's plate. @param {InstrumentSpec} spec */
  show(spec) {
    this.#find(".title").textContent = spec.title;
    this.#find(".ask").replaceChildren(...(spec.challenge === this.#own.challenge ? this.#challenge : [spec.challenge]));
    const controls = this.#find(".controls");
    controls.setAttribute("aria-label", translate("Controls of {title}", { title: spec.title }));
    const main = spec.controls.find(({ kind }) => kind === "slider");
    const made = new Map(spec.controls.map((control) => [control, this.#control(control, spec.label)]));
    if (main) made.get(main)?.classList.add("main");
    const others = spec.controls.filter((control) => control !== main);
    const buttons = controls.querySelector(".training") ?? "";
    const [first, ...rest] = [...(main ? [main] : []), ...others].map((control) => made.get(control) ?? "");
    controls.replaceChildren(first ?? "", buttons, ...rest);
    const readouts = this.#find(".readouts");
    readouts.style.setProperty("--count", String(spec.readouts.length));
    readouts.replaceChildren(...spec.readouts.map((readout) => this.#readout(readout)));
  }

  /** @param {string} selector */
  #find(selector) {
    return /** @type {HTMLElement} */ (this.#section.querySelector(selector));
  }

  /** @param {ControlSpec} control @param {string} label of the instrument */
  #control(control, label) {
    const made = copyOf(`.control.${control.kind}`);
    made.dataset.control = control.name;
    const id = `${label}-${control.name}`.replaceAll("_", "-");
    for (const name of ["id", "for", "aria-labelledby"]) {
      for (const element of [made, ...made.querySelectorAll("*")]) if (element.hasAttribute(name)) element.setAttribute(name, id);
    }
    for (const input of made.querySelectorAll("input")) input.name = control.name + input.name;
    const name = /** @type {Element} */ (made.querySelector(".name"));
    name.textContent = control.label;
    if (control.symbol) name.append(this.#symbol(control.symbol));
    fillUnit(made, control.unit ?? "");
    kindOf(control).fill?.(control, made, label);
    return made;
  }

  /** @param {ReadoutSpec} readout */
  #readout({ key, label, symbol, unit }) {
    const made = copyOf(".readout");
    /** @type {HTMLElement} */ (made.querySelector("[data-readout]")).dataset.readout = key;
    const name = /** @type {Element} */ (made.querySelector("dt"));
    name.textContent = label;
    if (symbol) name.append(" ", this.#symbol(symbol));
    fillUnit(made, unit);
    return made;
  }

  /** @param {string} tex */
  #symbol(tex) {
    const set = this.#symbols.get(tex);
    return set ? set.cloneNode(true) : make("span", { className: "symbol" }, tex);
  }
}

/** @param {string} selector of a part of the template */
function copyOf(selector) {
  const template = /** @type {HTMLTemplateElement} */ (document.querySelector("template[data-plate]"));
  return /** @type {HTMLElement} */ (document.importNode(/** @type {Node} */ (template.content.querySelector(selector)), true));
}

/** @param {HTMLElement} made @param {string} unit */
function fillUnit(made, unit) {
  const place = made.querySelector(".unit");
  if (unit === "") place?.remove();
  else if (place) place.textContent = unit;
}
