/**
 * Plotly itself, loaded on demand: hover values, zoom and export of an instrument's figure, and figures from readers'
 * code. Plotly supports neither CSS variables nor the theme, so both are translated.
 */
import { COLORWAY, PALETTE, colourOf } from "./palette.js";
import { make } from "../elements.js";
import { loadSheet } from "../sheet.js";
import { translate, translateCount } from "../words.js";

const FILL_OPACITY = "33"; // hex: a fifth, as in traces.js
const FONT_SIZE = 13; // px
const MIN_HEIGHT = 280; // px
const RATIO = 0.6; // height / width of a figure that sets neither
const ROWS = 200; // maximum in a table of numbers

/** @type {Promise<typeof import("./plotly.js")> | null} */
let loading = null;

/** Load Plotly. The id and the class of the style sheet's link stop it from injecting rules. */
function load() {
  loading ??= (async () => {
    await loadSheet("zoom.css", { id: "plotly.js-style-global", className: "no-inline-styles" }).catch(() => {
      throw new Error(translate("The style sheet of the zoomed view cannot be loaded."));
    });
    Object.assign(globalThis, { global: globalThis }); // a dependency of Plotly assumes Node
    return import("./plotly.js");
  })();
  loading.catch(() => (loading = null)); // the network may come back
  return loading;
}

/**
 * Show a figure with Plotly, with its numbers as a table below it.
 *
 * @param {HTMLElement} container
 * @param {{data?: any[], layout?: any}} figure an instrument's, or any that a reader's code made
 * @returns {Promise<() => void>} removes the figure
 */
export async function show(container, figure) {
  const { default: Plotly, TRACES } = await load();
  const unknown = (figure.data ?? []).map(({ type = "scatter" }) => type).filter((type) => !TRACES.includes(type));
  if (unknown.length > 0) {
    const sentence = translate("This page cannot draw a trace of type {type}. It draws {types}.", { type: unknown[0], types: TRACES.join(", ") });
    const refusal = make("p", {}, sentence);
    container.append(refusal);
    return () => refusal.remove();
  }
  const place = make("div", { className: "plotly-place" });
  container.append(place, numbers(figure));
  const draw = () => {
    const { data, layout } = themed(figure, container);
    return Plotly.react(place, data, layout, {
      responsive: true,
      displaylogo: false,
      showSendToCloud: false,
      toImageButtonOptions: { format: "png", scale: 2, filename: "figure" },
      modeBarButtonsToAdd: [
        {
          name: "svg",
          title: translate("Download as SVG"),
          icon: Plotly.Icons.disk,
          click: (/** @type {any} */ plot) => {
            const { clientWidth: width, clientHeight: height } = place;
            Plotly.downloadImage(plot, { format: "svg", filename: "figure", width, height });
          },
        },
      ],
    });
  };
  await draw();
  document.addEventListener("themechange", draw);
  const remove = () => {
    document.removeEventListener("themechange", draw);
    gone.disconnect();
    Plotly.purge(place);
  };
  // Code that empties the container (a new run, a closed dialog) need not know about Plotly.
  const gone = new MutationObserver(() => {
    if (!place.isConnected) remove();
  });
  gone.observe(document.body, { childList: true, subtree: true });
  return remove;
}

/**
 * A copy of a figure in the page's colours, with the book's defaults.
 * @param {{data?: any[], layout?: any}} figure
 * @param {HTMLElement} container the place it is shown in
 */
function themed(figure, container) {
  const color = (/** @type {string} */ name) => colourOf(container, name);
  const hexes = new Map(Object.entries(PALETTE).map(([hex, name]) => [hex, color(name)]));
  const inTheme = /** @type {(value: any) => any} */ ((value) => {
    if (typeof value === "string") return hexes.get(value.toLowerCase()) ?? value;
    if (Array.isArray(value)) return value.map(inTheme);
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inTheme(item)]));
  });
  const data = inTheme(figure.data ?? []);
  data.forEach((/** @type {any} */ trace, /** @type {number} */ i) => {
    // Plotly fills with half the line's colour, the book with a fifth.
    if (!trace.fill || trace.fill === "none" || trace.fillcolor) return;
    const hex = trace.line?.color ?? hexes.get(COLORWAY[i % COLORWAY.length]);
    if (/^#[\da-f]{6}$/i.test(hex)) trace.fillcolor = hex + FILL_OPACITY;
  });
  const { width, height, ...layout } = inTheme(figure.layout ?? {});
  for (const key in layout) {
    if (/^yaxis/.test(key) && layout[key].overlaying) layout[key] = { showgrid: false, ...layout[key] };
  }
  const room = container.clientWidth;
  const fitted = Math.round(Math.max(MIN_HEIGHT, room * (width && height ? height / width : RATIO)));
  return {
    data,
    layout: { ...layout, height: width || !height ? fitted : height, template: template(color, hexes, layout) },
  };
}

/**
 * Defaults of a figure. They replace the template that plotly.py adds, whose colours are for a white page.
 * @param {(name: string) => string} color
 * @param {Map<string, string>} hexes
 * @param {any} layout
 */
function template(color, hexes, layout) {
  const axis = {
    automargin: true,
    color: color("--ink-3"),
    gridcolor: color("--rule"),
    linecolor: color("--muted"),
    zerolinecolor: color("--muted"),
    zeroline: false,
    minorloglabels: "complete",
    title: { font: { size: FONT_SIZE } },
  };
  return {
    layout: {
      colorway: COLORWAY.map((hex) => hexes.get(hex)),
      font: { family: "Inter Variable, sans-serif", size: FONT_SIZE, color: color("--ink") },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      hoverlabel: { bgcolor: color("--surface"), bordercolor: color("--rule"), font: { color: color("--ink") } },
      hovermode: "closest",
      margin: { l: 56, r: 24, t: 40, b: 48, ...layout.margin },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: color("--ink-3"), activecolor: color("--accent") },
      showlegend: false,
      xaxis: { ...axis, showgrid: false },
      yaxis: axis,
      annotationdefaults: { arrowcolor: color("--ink-2") },
      shapedefaults: { line: { color: color("--ink-2") } },
    },
  };
}

/** @param {{data?: any[]}} figure @returns {HTMLElement} the numbers of a figure, folded */
function numbers(figure) {
  const details = make("details", { className: "numbers" }, make("summary", {}, translate("The numbers as a table")));
  // Created when opened: a figure can have thousands of numbers.
  details.addEventListener("toggle", () => {
    if (details.childElementCount === 1) details.append(...(figure.data ?? []).map(tableOf));
  });
  return details;
}

/** @param {any} trace @param {number} index @returns {HTMLElement} */
function tableOf(trace, index) {
  const table = make("table");
  table.createCaption().textContent = trace.name ?? `${trace.type ?? "scatter"} ${index + 1}`;
  const [head, rows] = trace.z
    ? [["row", ...Array.from(trace.z[0], (_, i) => String(i))], Array.from(trace.z, (row, i) => [i, ...row])]
    : [["x", "y"], Array.from(trace.y ?? [], (y, i) => [trace.x?.[i] ?? i, y])];
  table.createTHead().insertRow().append(...head.map((text) => make("th", { scope: "col" }, text)));
  const body = table.createTBody();
  for (const row of rows.slice(0, ROWS)) {
    const line = body.insertRow();
    for (const value of row) line.insertCell().textContent = cellText(value);
  }
  if (rows.length > ROWS) body.insertRow().insertCell().textContent = translateCount(rows.length - ROWS, "{number} more row", "{number} more rows");
  return table;
}

/** @param {any} value @returns {string} */
const cellText = (value) => (typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value ?? ""));
