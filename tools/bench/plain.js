/*
 * An instrument as it would be made without the book: Pyodide in a worker, Plotly.js in the page, one question at a
 * time and the newest next. The fragment of the address says what is moved.
 */
/** @type {{widget: string, set: Record<string, any>, control: Record<string, any>, scale: number[]}} */
const { widget, set, control, scale } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const worker = new Worker("plain-worker.js", { type: "module" });
const main = document.querySelector("main");
const slider = document.querySelector("input");
const field = document.querySelector("#field");
let value = control.default;
let moved = 0;
let isBusy = true;
let isWaiting = false;
let asked = 0;
globalThis.latentbookFrames = { moves: [], draws: [], answers: [] };

function ask() {
  isBusy = true;
  isWaiting = false;
  asked = moved;
  worker.postMessage([widget, { ...set, [control.name]: value }]);
}

function move(to) {
  value = to;
  moved = performance.now();
  isWaiting = true;
  if (!isBusy) ask();
}

/** The grey levels of a panel's images, side by side. */
function levels({ data, shape }) {
  const [rows, columns, height, width] = shape.length === 4 ? shape : [1, 1, ...shape.slice(-2)];
  return Array.from({ length: rows * height }, (_, y) =>
    Array.from({ length: columns * width }, (_, x) => {
      const cell = Math.floor(y / height) * columns + Math.floor(x / width);
      return data[(cell * height + (y % height)) * width + (x % width)];
    }),
  );
}

function figureOf(panel) {
  if (panel.kind === "plot") return panel.figure;
  const side = Math.sqrt(panel.data.length);
  const z = levels(panel.shape ? panel : { data: panel.data, shape: [side, side] });
  const axis = { visible: false };
  return {
    data: [{ type: "heatmap", z, colorscale: "Greys", showscale: false }],
    layout: { xaxis: axis, yaxis: { ...axis, autorange: "reversed" }, width: 640, height: 360 },
  };
}

function draw({ panels }) {
  for (const panel of panels) {
    if (panel.kind !== "plot" && !panel.data) continue;
    let place = document.getElementById(panel.key);
    if (!place) {
      place = document.createElement("div");
      place.id = panel.key;
      place.className = "panel";
      main.append(place);
    }
    const { data, layout } = figureOf(panel);
    Plotly.react(place, data, { ...layout, showlegend: false }, { displayModeBar: false });
  }
}

worker.onmessage = ({ data: frame }) => {
  if (frame) {
    draw(frame);
    const start = asked;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        document.body.dataset.state = "live";
        if (start) latentbookFrames.moves.push({ ms: performance.now() - start });
      };
      channel.port2.postMessage(null);
    });
  }
  isBusy = false;
  if (isWaiting || !frame) ask();
};

if (control.kind === "slider") {
  const [start, low, high, step] = scale;
  Object.assign(slider, { min: low, max: high, step, value: start, hidden: false });
  slider.oninput = () => {
    const place = Number(slider.value);
    move(control.values.length ? control.values[place] : place);
  };
} else {
  field.hidden = false;
  field.onpointermove = ({ buttons, offsetX, offsetY }) => {
    if (buttons !== 1) return;
    const { clientWidth: width, clientHeight: height } = field;
    const x = control.limit * ((2 * offsetX) / width - 1);
    const y = control.limit * (1 - (2 * offsetY) / height);
    move([x, y, ...control.default.slice(2)]);
  };
}
