/**
 * Positions and labels of an axis's ticks, by Plotly's own rules, so that a figure reads the same here, in the zoomed
 * view and in a notebook. Three differences are intended. Between powers of ten, a logarithmic axis marks only 2 and 5
 * and writes them in full ("20", not a small "2"). With exponentformat "power" it marks nothing between them. If labels
 * would touch, some are left out instead of rotated (axis.js).
 *
 * @typedef {{at: number, text: string}} Tick  at: linear position (for a logarithmic axis the exponent)
 */
import { LARGEST_PREFIX, SMALLEST_PREFIX, formatted, magnitude, plainNumber, powerOfTen } from "./numbers.js";

const EDGE = 1e-4; // rounding tolerance for ticks outside the range, as a fraction of it
const PX_PER_TICK = { x: 80, y: 40 };

/** @param {number} rough @returns {number} 2, 5 or 10 times a power of ten, above rough */
function niceStep(rough) {
  const base = 10 ** Math.floor(Math.log10(rough));
  const ratio = rough / base;
  return base * (ratio < 2 ? 2 : ratio < 5 ? 5 : 10);
}

/**
 * @param {number} low
 * @param {number} high
 * @param {number} step
 * @param {number} [start]
 * @returns {number[]} start + whole multiples of step between low and high
 */
function multiples(low, high, step, start = 0) {
  const values = [];
  const last = Math.floor((high - start) / step);
  for (let i = Math.ceil((low - start) / step); i <= last; i++) values.push(start + i * step);
  return values;
}

/**
 * @param {any} axis the axis of the figure
 * @param {"x" | "y"} letter
 * @param {number} px length of the axis on the page
 * @returns {Tick[]}
 */
export function ticks(axis, letter, px) {
  const [low, high] = [Math.min(...axis.range), Math.max(...axis.range)];
  const edge = (high - low) * EDGE;
  const span = { low: low - edge, high: high + edge };
  const found = axis.tickvals
    ? listed(axis, span)
    : axis.type === "log"
      ? logarithmic(axis, span, roughStep(axis, letter, px))
      : linear(axis, span, roughStep(axis, letter, px));
  return found.map(({ at, text }) => ({ at, text: text && text + (axis.ticksuffix ?? "") }));
}

/** @param {any} axis @param {"x" | "y"} letter @param {number} px */
function roughStep(axis, letter, px) {
  const wanted = axis.nticks || Math.min(9, Math.max(4, px / PX_PER_TICK[letter])) + 1;
  return Math.abs(axis.range[1] - axis.range[0]) / wanted;
}

/** @param {any} axis @param {{low: number, high: number}} span @returns {Tick[]} */
function listed(axis, span) {
  const log = axis.type === "log";
  return Array.from(axis.tickvals, (value, i) => {
    const text = axis.ticktext ? String(axis.ticktext[i]) : label(axis, value);
    return { at: log ? Math.log10(value) : value, text };
  }).filter(({ at }) => at > span.low && at < span.high);
}

/** Label of a value without a regular step that determines its digits. @param {any} axis @param {number} value */
function label(axis, value) {
  if (axis.tickformat) return formatted(value, axis.tickformat);
  const size = Math.abs(value);
  return plainNumber(value, { step: size || 1, largest: size || 1, extra: true }, axis.exponentformat);
}

/** @param {any} axis @param {{low: number, high: number}} span @param {number} rough @returns {Tick[]} */
function linear(axis, span, rough) {
  const step = axis.dtick || niceStep(rough);
  const largest = Math.max(...axis.range.map(Math.abs));
  return multiples(span.low, span.high, step, axis.dtick ? (axis.tick0 ?? 0) : 0).map((value) => {
    const at = Math.abs(value) < step * 1e-6 ? 0 : value;
    const text = axis.tickformat
      ? formatted(at, axis.tickformat)
      : plainNumber(at, { step, largest }, axis.exponentformat);
    return { at, text };
  });
}

/** @param {any} axis @param {{low: number, high: number}} span @param {number} rough @returns {Tick[]} */
function logarithmic(axis, span, rough) {
  const underOneDecade = Math.abs(axis.range[1] - axis.range[0]) < 1;
  const powersAlone = rough > 0.7 || (axis.exponentformat === "power" && !underOneDecade);
  const decades = axis.dtick || (powersAlone ? Math.ceil(rough) : 0);
  if (decades) return multiples(span.low, span.high, decades).map((at) => ({ at, text: power(axis, at) }));

  if (underOneDecade) {
    const [low, high] = [10 ** Math.min(...axis.range), 10 ** Math.max(...axis.range)];
    const count = (1.5 * Math.abs(axis.range[1] - axis.range[0])) / rough;
    const step = niceStep((high - low) / count);
    return multiples(10 ** span.low, 10 ** span.high, step).map((value) => ({
      at: Math.log10(value),
      text: axis.tickformat
        ? formatted(value, axis.tickformat)
        : plainNumber(value, { step, largest: high }, axis.exponentformat),
    }));
  }
  return multiples(Math.floor(span.low), span.high, 1)
    .flatMap((decade) => [1, 2, 5].map((digit) => decade + Math.log10(digit)))
    .filter((at) => at >= span.low && at <= span.high)
    .map((at) => ({ at, text: Number.isInteger(at) ? power(axis, at) : label(axis, nice(at)) }));
}

/** @param {any} axis @param {number} exponent */
function power(axis, exponent) {
  const written = axis.exponentformat === "power" || exponent > LARGEST_PREFIX || exponent < SMALLEST_PREFIX;
  return written && !axis.tickformat ? powerOfTen(exponent) : label(axis, nice(exponent));
}

/** 10 ** exponent without rounding noise. @param {number} exponent */
function nice(exponent) {
  const value = 10 ** exponent;
  const unit = 10 ** (magnitude(value) - 2);
  return Math.round(value / unit) * unit;
}
