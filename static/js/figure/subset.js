/**
 * The supported subset of Plotly's figures. docs/figures.md explains the keys to authors; a test compares them with
 * plotly.py.
 *
 * In a table, a name ending in "!" is required. A value is the name of a type, a list of accepted values, a table for
 * an object, or a table in a list for a list of objects.
 */
const FONT = { color: "color", size: "font size" };
const LINE = { color: "color", width: "number", dash: ["solid", "dot", "dash", "longdash", "dashdot"] };
/** Used only by the zoomed view. */
const ZOOM = { name: "string", hovertemplate: "string", hoverinfo: "string", showlegend: "boolean" };
const PLACE = { xaxis: "string", yaxis: "string", opacity: "number", ...ZOOM };

export const AXIS = {
  "range!": "range",
  type: ["linear", "log"],
  title: { "text!": "text", font: FONT },
  color: "color",
  domain: "range",
  anchor: "string",
  side: ["left", "right", "top", "bottom"],
  overlaying: "string",
  scaleanchor: "string",
  constrain: ["domain"],
  visible: "boolean",
  showgrid: "boolean",
  zeroline: "boolean",
  showline: "boolean",
  ticks: ["", "outside"],
  showticklabels: "boolean",
  tickfont: FONT,
  tickmode: ["auto", "linear", "array"],
  tickvals: "numbers",
  ticktext: "strings",
  tick0: "number",
  dtick: "number",
  nticks: "number",
  tickformat: "tick format",
  ticksuffix: "string",
  exponentformat: ["B", "power", "none"],
};

export const SUBSET = {
  data: {
    scatter: {
      "type!": ["scatter"],
      "x!": "numbers",
      "y!": "numbers",
      mode: ["lines", "markers", "lines+markers"],
      line: { ...LINE, shape: ["linear", "hv", "vh", "hvh"] },
      marker: {
        color: "colors or numbers",
        colorscale: "colorscale",
        cmin: "number",
        cmax: "number",
        showscale: [false],
        size: "number or numbers",
        symbol: ["circle", "square"],
        opacity: "number",
        line: { color: "color", width: "number" },
      },
      fill: ["none", "tozeroy", "tonexty", "toself"],
      fillcolor: "color",
      cliponaxis: "boolean",
      ...PLACE,
    },
    bar: {
      "type!": ["bar"],
      "x!": "numbers",
      "y!": "numbers",
      "width!": "number or numbers",
      base: "number or numbers",
      orientation: ["v", "h"],
      marker: { color: "colors" },
      cliponaxis: "boolean",
      ...PLACE,
    },
    heatmap: {
      "type!": ["heatmap"],
      "z!": "rows",
      "zmin!": "number",
      "zmax!": "number",
      "colorscale!": "colorscale",
      "showscale!": [false],
      x: "numbers",
      y: "numbers",
      ...PLACE,
    },
  },
  layout: {
    "width!": "number",
    "height!": "number",
    "margin!": { "l!": "number", "r!": "number", "t!": "number", "b!": "number" },
    "xaxis!": AXIS,
    "yaxis!": AXIS,
    shapes: [
      {
        "type!": ["line", "rect", "circle", "path"],
        x0: "number",
        x1: "number",
        y0: "number",
        y1: "number",
        path: "path",
        xref: "string",
        yref: "string",
        line: LINE,
        fillcolor: "color",
        opacity: "number",
        layer: ["above", "below"],
      },
    ],
    annotations: [
      {
        "x!": "number",
        "y!": "number",
        "text!": "text",
        xref: "string",
        yref: "string",
        showarrow: "boolean",
        ax: "number",
        ay: "number",
        arrowcolor: "color",
        arrowwidth: "number",
        arrowhead: [0, 1],
        xanchor: ["auto", "left", "center", "right"],
        yanchor: ["auto", "top", "middle", "bottom"],
        xshift: "number",
        yshift: "number",
        font: FONT,
        bgcolor: "color",
      },
    ],
    font: { size: "font size" },
    barmode: ["overlay"],
    showlegend: [false],
    hovermode: ["closest", "x", "y", "x unified", "y unified", false],
  },
};
