/**
 * The colours a figure may use. Authors write the light theme's hex values (widgets/contract.py); the
 * drawing uses the matching CSS variables, so a change of theme needs no script.
 */

/** @type {Record<string, string>} hex in the figure -> CSS variable in the page */
export const PALETTE = {
  "#1d1c1a": "--ink",
  "#54514a": "--ink-2",
  "#6b675e": "--ink-3",
  "#e4e0d6": "--rule",
  "#948e80": "--muted",
  "#ffffff": "--surface", // the background of figures
  "#0a6b6b": "--data-1", // ACCENT, DATA_1 and CLASS_0 are one colour
  "#d06a1c": "--data-2",
  "#a8500f": "--data-2-text",
  "#a8431b": "--warning",
  "#d2570d": "--class-1",
  "#2f55b5": "--class-2",
  "#8a3fa0": "--class-3",
  "#2f7d32": "--class-4",
  "#c21f4e": "--class-5",
  "#8a7400": "--class-6",
  "#5b6068": "--class-7",
  "#0f7fa8": "--class-8",
  "#8b5a2b": "--class-9",
};

/** Default colours of traces, in order; they repeat. */
export const COLORWAY = ["#0a6b6b", "#d06a1c", "#6b675e"];

/**
 * A custom property in the current theme, without `light-dark()`, for canvases and Plotly, which cannot read that.
 * @param {Element} element
 * @param {string} name
 */
export function colourOf(element, name) {
  const style = getComputedStyle(element);
  const value = style.getPropertyValue(name).trim();
  const isDark = style.colorScheme === "dark" || (style.colorScheme === "light dark" && matchMedia("(prefers-color-scheme: dark)").matches);
  return value.match(/^light-dark\((.*),(.*)\)$/)?.[isDark ? 2 : 1].trim() ?? value;
}

/** @param {string} hex @returns {string} a CSS colour for a presentation attribute */
export const paint = (hex) => `var(${PALETTE[hex.toLowerCase()]})`;

/** Number of steps of a continuous colour scale. */
export const LEVELS = 32;

/**
 * The paints of a colour scale, one per level.
 * @param {[number, string][]} colorscale stops from 0 to 1, as in Plotly
 * @returns {string[]} LEVELS paints
 */
export function paints(colorscale) {
  return Array.from({ length: LEVELS }, (_, level) => {
    const at = level / (LEVELS - 1);
    const above = Math.max(1, colorscale.findIndex(([stop]) => stop >= at));
    const [from, fromHex] = colorscale[above - 1];
    const [to, toHex] = colorscale[above];
    const percent = Math.round((1000 * (at - from)) / (to - from)) / 10;
    if (percent === 0) return paint(fromHex);
    if (percent === 100) return paint(toHex);
    return `color-mix(in srgb, ${paint(toHex)} ${percent}%, ${paint(fromHex)})`;
  });
}

/** @param {number} value @param {number} min @param {number} max @returns {number} index into paints() */
export const level = (value, min, max) =>
  Math.round((LEVELS - 1) * Math.min(1, Math.max(0, (value - min) / (max - min))));
