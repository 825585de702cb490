/** Numbers as text: coordinates, and tick labels by Plotly's rules. */

const MINUS = "\u2212";
const SI = ["f", "p", "n", "\u03bc", "m", "", "k", "M", "G", "T"]; // 10^-15 to 10^12
/** Range of powers of ten with an SI prefix; numbers outside it are written with a power. */
export const [SMALLEST_PREFIX, LARGEST_PREFIX] = [-15, 14];

/** @param {number} value px @returns {number} rounded for a picture */
export const round1 = (value) => Math.round(value * 10) / 10;

/** @param {number} value of a transform @returns {number} exact to a hundredth of a pixel after a thousand steps */
export const exact = (value) => Math.round(value * 1e5) / 1e5;

/** @param {number} value @returns {number} the power of ten at or just under value */
export const magnitude = (value) => Math.floor(Math.log10(value) + 0.01);

/** The number formats of figures: the common subset of d3-format. */
export const TICKFORMAT = /^(\+)?(,)?(?:\.(\d+))?(~)?([defg%])?$/;

/** @param {string} digits @returns {string} with a comma every three digits of the integer part */
const grouped = (digits) => digits.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));

/**
 * @param {number} value
 * @param {string} format matches TICKFORMAT
 * @returns {string}
 */
export function formatted(value, format) {
  const [, plus, comma, precision, trim, type] = /** @type {RegExpMatchArray} */ (TICKFORMAT.exec(format));
  const digits = precision === undefined ? (type === undefined ? 12 : 6) : Number(precision);
  const size = Math.abs(type === "%" ? value * 100 : value);
  const significant = Math.min(100, Math.max(1, digits));
  let text;
  if (type === "d") text = String(Math.round(size));
  else if (type === "f" || type === "%") text = size.toFixed(digits);
  else if (type === "e") text = size.toExponential(digits);
  else text = size.toPrecision(significant);
  if (trim || type === undefined) text = text.replace(/(\.\d*?)0+(?=e|$)/, "$1").replace(/\.(?=e|$)/, "");
  if (comma) text = grouped(text);
  const isZero = Number(text.replace(/,/g, "")) === 0;
  const sign = isZero ? "" : value < 0 ? MINUS : plus ? "+" : "";
  return sign + text.replace(/-/g, MINUS) + (type === "%" ? "%" : "");
}

/**
 * A number as Plotly writes it on an axis: rounded to two digits past the step, zeros trimmed, and from
 * 10^4 up or 10^-4 down with an SI prefix or a power of ten.
 *
 * @param {number} value
 * @param {{step: number, largest: number, extra?: boolean}} precision step between ticks; largest absolute
 *   value of the axis; extra: four more digits
 * @param {string} [exponentFormat] "B" (SI prefixes), "power" or "none"
 * @returns {string}
 */
export function plainNumber(value, { step, largest, extra = false }, exponentFormat = "B") {
  let decimals = 2 - magnitude(step) + (extra ? 4 : 0);
  const size = Math.abs(value);
  if (size < 10 ** -decimals / 2) return "0";

  const order = magnitude(largest);
  let exponent = 0;
  if (Math.abs(order) > 3 && exponentFormat !== "none") {
    const prefixed = exponentFormat === "B" && order <= LARGEST_PREFIX && order >= SMALLEST_PREFIX;
    exponent = prefixed ? 3 * Math.round((order - 1) / 3) : order;
  }
  const mantissa = size * 10 ** -exponent;
  decimals += exponent;
  const text =
    decimals > 0
      ? mantissa.toFixed(Math.min(20, decimals)).replace(/\.?0+$/, "")
      : String(Math.round(mantissa * 10 ** decimals) / 10 ** decimals);
  const whole = text.split(".")[0];
  const number = text.includes(".") || whole.length > 4 ? grouped(text) : text;
  return (value < 0 && number !== "0" ? MINUS : "") + number + exponentText(exponent, exponentFormat);
}

/** @param {number} exponent @param {string} exponentFormat @returns {string} */
function exponentText(exponent, exponentFormat) {
  if (exponent === 0) return "";
  if (exponentFormat === "B" && exponent === 9) return "B";
  const prefix = SI[exponent / 3 + 5];
  if (exponentFormat === "B" && prefix !== undefined) return prefix;
  return `\u00d710<sup>${String(exponent).replace("-", MINUS)}</sup>`;
}

/** @param {number} exponent @returns {string} a power of ten on a logarithmic axis, written as 10 to the n */
export function powerOfTen(exponent) {
  if (exponent === 0) return "1";
  if (exponent === 1) return "10";
  return `10<sup>${String(exponent).replace("-", MINUS)}</sup>`;
}
