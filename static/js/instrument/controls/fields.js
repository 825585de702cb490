/**
 * Controls whose values are numbers in text fields.
 *
 * @import { ControlSpec } from "../spec.js"
 * @import { Kind, Read } from "./types.js"
 */
import { readNumber } from "../../number.js";
import { formatValue } from "../spec.js";
import { translate } from "../../words.js";

/**
 * Typed input is read on Enter or when the reader leaves the field. It is rounded to the nearest step, or rejected.
 * Either is reported, and the field then shows the value in use.
 *
 * @template {ControlSpec} Spec
 * @param {string[]} parts suffixes of the fields' names; the value of several fields is an array
 * @param {{
 *   wanted: (control: Spec) => string,
 *   accept: (control: Spec, numbers: number[], text: string) => Read | boolean,
 *   step: (control: Spec, numbers: number[], place: number, way: number) => number,
 * }} numbers `wanted`: the accepted input in words, without a full stop; `step`: the number in one field after an arrow
 *   key, `way` is 1 or -1
 * @returns {Kind<Spec>}
 */
export function typed(parts, { wanted, accept, step }) {
  const valueOf = (/** @type {number[]} */ numbers) => /** @type {any} */ (parts.length > 1 ? numbers : numbers[0]);

  /** @param {Spec} control @param {string[]} texts @returns {Read} */
  const read = (control, texts) => {
    const numbers = texts.map((each) => readNumber(each, control.unit)).map((read) => ("value" in read ? read.value : NaN));
    const text = texts.map((each) => each.trim()).join(", ");
    const accepted = numbers.length === parts.length && !numbers.some(Number.isNaN) && accept(control, numbers, text);
    if (typeof accepted === "object") return accepted;
    if (accepted) return { value: valueOf(numbers) };
    const need = wanted(control);
    return { problem: texts.includes("") ? `${need}.` : translate("{wanted}, not “{text}”.", { wanted: need, text }) };
  };

  return {
    read: (control, text) => read(control, parts.length > 1 ? text.split(",") : [text]),

    bind(control, element, hand) {
      const fields = parts.map((part) => input(element, `[name="${control.name}${part}"]`));
      const entered = () => read(control, fields.map(({ value }) => value));
      const take = () => {
        if (formatValue(hand.value()) !== fields.map(({ value }) => value).join(",")) hand.accept(entered());
      };
      for (const [i, field] of fields.entries()) {
        field.addEventListener("change", take);
        field.addEventListener("blur", take);
        field.addEventListener("keydown", (event) => {
          const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
          if (event.key === "Enter") {
            event.preventDefault(); // do not submit a form around it
            take();
          }
          if (way === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          take();
          const numbers = [hand.value()].flat();
          numbers[i] = step(control, numbers, i, way);
          hand.move(valueOf(numbers));
        });
      }
      const show = (/** @type {any} */ value) => [value].flat().forEach((number, i) => (fields[i].value = String(number)));
      return { show, entered };
    },
  };
}

/**
 * Evenly spaced numbers, computed in decimal as in widgets/controls.py: 0.1 + 2 * 0.1 is 0.3.
 *
 * @param {number} start
 * @param {number} step
 * @returns {(i: number) => number} start + i * step
 */
export function scaleFrom(start, step) {
  const unit = Number(`1e${Math.max(decimals(start), decimals(step))}`);
  const [from, by] = [start, step].map((number) => Math.floor(number * unit + 0.5));
  return (i) => (from + i * by) / unit;
}

/** @param {number} number */
function decimals(number) {
  const [digits, power = "0"] = String(number).split("e");
  return Math.max(0, (digits.split(".")[1] ?? "").length - Number(power));
}

/**
 * The number after a step, within a range.
 * @param {number} number @param {number} step with its sign @param {number} low @param {number} high
 */
export const stepped = (number, step, low, high) => Math.max(low, Math.min(high, scaleFrom(number, step)(1)));

/** @param {Element} element @param {string} selector */
export const input = (element, selector) => /** @type {HTMLInputElement} */ (element.querySelector(selector));
