/**
 * Numbers as readers type them, for controls and questions: 0.5, 0,5, −2, 60 000, 1e-3, 1/12, 2·10⁻², √2, sqrt(2),
 * 0.16*8/64, 91.1 percent. The text is parsed here and never run as code.
 *
 * @typedef {{value: number} | {problem: string}} Read
 */
import { decimalSign, translate } from "./words.js";

const MAX_CHARACTERS = 100;

/** The problem with a text that is not a number. @param {string} why @returns {Read} */
const unlike = (why) => ({ problem: `${why} ${translate("Write one in digits, such as 0.25, 1/4 or 1e-3.")}` });

/** @type {Record<string, (value: number) => number>} */
const FUNCTIONS = {
  "√": Math.sqrt,
  sqrt: Math.sqrt,
  exp: Math.exp,
  ln: Math.log,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
};
/** @type {Record<string, number>} */
const CONSTANTS = { pi: Math.PI, π: Math.PI, e: Math.E };

/** @type {[string, RegExp][]} */
const UNITS = [
  ["%", /(%|per ?cent)$/i],
  ["nats", /nats?$/i],
  ["bits", /bits?$/i],
];

/** Conversion factors between units; the expected number may have no unit. @type {Record<string, Record<string, number>>} */
const CONVERSIONS = {
  "%": { "": 1 / 100 },
  nats: { "": 1, bits: 1 / Math.LN2 },
  bits: { "": 1, nats: Math.LN2 },
};

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const TOKENS = /\d[\d.,]*(?:e[+-]?\d+)?|[.,]\d+(?:e[+-]?\d+)?|\p{L}[\p{L}\d]*|[^\s]/giu;

class Unreadable extends Error {}

/**
 * @param {string} text a number, with or without a unit after it
 * @param {string} [unit] the expected unit
 * @returns {Read} the value in that unit
 */
export function readNumber(text, unit = "") {
  const came = text.trim();
  if (came === "") return unlike(translate("Nothing has been typed yet."));
  if (came.length > MAX_CHARACTERS) return unlike(translate("A text of {count} characters is not a number.", { count: came.length }));
  const [number, said] = withoutUnit(came, unit);
  const factor = said === unit || said === "" ? 1 : CONVERSIONS[said][unit];
  if (factor === undefined) return { problem: translate("“{text}” is in {said}. It is asked for in {unit}.", { text: came, said, unit }) };
  try {
    const value = factor * new Expression(plain(number)).value();
    return Number.isFinite(value) ? { value } : { problem: translate("“{text}” has no finite value.", { text: came }) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return error.message ? { problem: error.message } : unlike(translate("“{text}” is not a number.", { text: came }));
  }
}

/** @param {string} text @param {string} unit @returns {[string, string]} the number, and the unit after it or "" */
function withoutUnit(text, unit) {
  if (unit !== "" && text.toLowerCase().endsWith(unit.toLowerCase())) return [text.slice(0, -unit.length).trim(), unit];
  const [name, written] = UNITS.find(([, each]) => each.test(text)) ?? ["", /$/];
  return [text.replace(written, "").trim(), name];
}

/** Normalise a text: one sign per operation, no spaces between thousands. @param {string} text */
function plain(text) {
  return text
    .replace(/[\u2212\u2013]/g, "-") // minus sign and en dash, as in copied text
    .replace(/[·×⋅∙]|(?<=\d) ?x (?=\d)/g, "*")
    .replace(/[÷∕⁄]/g, "/")
    .replaceAll("**", "^")
    .replace(/([⁺⁻]?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)/g, (_, sign, digits) => {
      const power = [...digits].map((digit) => SUPERSCRIPTS.indexOf(digit)).join("");
      return `^(${sign === "⁻" ? "-" : ""}${power})`;
    })
    .replace(/(?<=\d)[ \u00a0\u2009\u202f](?=\d{3}(?!\d))/g, "");
}

/**
 * sum = product (± product)*; product = signed (*|/ signed)*; signed = ±? power; power = atom (^ signed)?;
 * atom = number | constant | function atom | (sum). The * is optional before a bracket, a root, π or a function.
 */
class Expression {
  /** @type {string[]} */
  #tokens;

  /** @param {string} text */
  constructor(text) {
    this.#tokens = text.match(TOKENS) ?? [];
  }

  value() {
    const value = this.#sum();
    if (this.#tokens.length > 0) throw new Unreadable();
    return value;
  }

  /** Consume the next token if it is one of these. @param {string[]} accepted */
  #take(...accepted) {
    return accepted.includes(this.#tokens[0]) ? this.#tokens.shift() : undefined;
  }

  /** @returns {number} */
  #sum() {
    let value = this.#product();
    for (let sign = this.#take("+", "-"); sign; sign = this.#take("+", "-")) {
      const next = this.#product();
      value += sign === "+" ? next : -next;
    }
    return value;
  }

  /** @returns {number} */
  #product() {
    let value = this.#signed();
    for (;;) {
      if (this.#take("*")) value *= this.#signed();
      else if (this.#take("/")) value /= this.#signed();
      else if (this.#multipliesByItself()) value *= this.#power();
      else return value;
    }
  }

  #multipliesByItself() {
    const [next = ""] = this.#tokens;
    return next === "(" || next === "π" || next === "pi" || Object.hasOwn(FUNCTIONS, next.toLowerCase());
  }

  /** @returns {number} */
  #signed() {
    if (this.#take("-")) return -this.#power();
    this.#take("+");
    return this.#power();
  }

  /** @returns {number} */
  #power() {
    const base = this.#atom();
    return this.#take("^") ? base ** this.#signed() : base;
  }

  /** @returns {number} */
  #atom() {
    const token = this.#tokens.shift()?.toLowerCase() ?? "";
    if (token === "(") {
      const value = this.#sum();
      if (!this.#take(")")) throw new Unreadable();
      return value;
    }
    if (Object.hasOwn(FUNCTIONS, token)) {
      if (token !== "√" && this.#tokens[0] !== "(") throw new Unreadable();
      return FUNCTIONS[token](this.#atom());
    }
    if (Object.hasOwn(CONSTANTS, token)) return CONSTANTS[token];
    return digits(token);
  }
}

/**
 * A number in digits. One comma is a decimal comma; several, or one before a point, separate thousands. Ambiguous
 * numbers are rejected with a question: 60,000, and 60.000 if the page's language has a decimal comma.
 *
 * @param {string} text
 */
function digits(text) {
  const [, mantissa = "", power = ""] = /^([\d.,]+)(e[+-]?\d+)?$/.exec(text) ?? [];
  const parted = /^([1-9]\d{0,2})([.,])000$/.exec(mantissa);
  if (parted && (parted[2] === "," || decimalSign() === ",")) {
    const [, whole] = parted;
    throw new Unreadable(translate("“{text}” can be read in two ways: write {whole} or {whole}000.", { text: mantissa, whole }));
  }
  if (/^\d+[.,]?$|^\d*[.,]\d+$/.test(mantissa)) return Number(mantissa.replace(",", ".") + power);
  for (const [thousands, point] of [",.", ".,"]) {
    const pattern = new RegExp(`^\\d{1,3}(\\${thousands}\\d{3})+(\\${point}\\d*)?$`);
    if (pattern.test(mantissa)) return Number(mantissa.replaceAll(thousands, "").replace(point, ".") + power);
  }
  throw new Unreadable();
}
