// What is seen of a figure in Plotly's drawing and in ours, in px of the picture: lines, bars and texts.

/** A figure as Plotly is to draw it: without the liberties that Plotly takes, and with the book's defaults. */
function forPlotly(figure) {
  const copy = structuredClone(figure);
  const { layout } = copy;
  Object.assign(layout, { showlegend: false, hovermode: false, bargap: 0, colorway: ["#0a6b6b", "#d06a1c", "#6b675e"] });
  for (const key in layout) {
    if (!/axis/.test(key)) continue;
    const axis = layout[key];
    Object.assign(axis, { automargin: false, fixedrange: true, minorloglabels: "complete", tickangle: 0 });
    axis.zeroline ??= false;
  }
  for (const trace of copy.data) {
    if (trace.type === "scatter") trace.line = { ...trace.line, simplify: false };
    if (trace.type === "scatter") trace.mode ??= "lines";
  }
  return copy;
}

async function plotly(figure) {
  const holder = document.getElementById("plotly");
  Plotly.purge(holder);
  await Plotly.newPlot(holder, forPlotly(figure).data, forPlotly(figure).layout, { staticPlot: true });
  return holder;
}

function own(figure, width = figure.layout.width) {
  const holder = document.getElementById("own");
  holder.innerHTML = book.svg(figure, { width, id: "own", label: "own" });
  return holder;
}

/** Corners of a path in the picture, subpath by subpath. */
function corners(path, origin) {
  const matrix = path.getCTM();
  const [dx, dy] = origin ? [matrix.e, matrix.f] : [0, 0];
  const subpaths = [];
  let [x, y] = [0, 0];
  for (const [, command, rest] of (path.getAttribute("d") ?? "").matchAll(/([mlhvz])([^mlhvz]*)/gi)) {
    const n = rest.match(/-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?/g)?.map(Number) ?? [];
    const [fromX, fromY] = command === command.toLowerCase() ? [x, y] : [0, 0]; // lower case is relative
    const kind = command.toUpperCase();
    if (kind === "Z") {
      [x, y] = subpaths.at(-1)[0];
      continue;
    }
    if (kind === "M") subpaths.push([]);
    if (kind !== "V") x = fromX + n[0];
    if (kind !== "H") y = fromY + n.at(-1);
    subpaths.at(-1).push([x, y]);
  }
  return subpaths.map((points) => points.map((point) => [point[0] + dx, point[1] + dy]));
}

/** The same in the picture, whatever the unit of the path. */
function placed(path) {
  const { a, d, e, f } = path.getCTM();
  return corners(path, false).map((points) => points.map(([x, y]) => [a * x + e, d * y + f]));
}

const boxOf = (points) => {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
};

function textsOf(holder, selector) {
  const origin = holder.querySelector("svg").getBoundingClientRect();
  return [...holder.querySelectorAll(selector)]
    .map((element) => ({ text: element.textContent, box: element.getBoundingClientRect() }))
    .filter(({ text, box }) => text.trim() && box.width)
    .map(({ text, box }) => ({
      text,
      x: box.x - origin.x + box.width / 2,
      y: box.y - origin.y + box.height / 2,
    }));
}

window.compare = async (figure) => {
  const theirs = await plotly(figure);
  const ours = own(figure);
  const strokes = "path[fill=none][stroke-linejoin=round]:not([stroke-linecap])";
  const traces = ours.querySelectorAll(`g[clip-path] ${strokes}`);
  const shapes = theirs.querySelectorAll(".shapelayer path").length;
  return {
    lines: {
      plotly: [...theirs.querySelectorAll(".js-line")].flatMap((path) => corners(path, true)),
      own: [...traces].flatMap(placed),
    },
    bars: {
      plotly: [...theirs.querySelectorAll(".bars .point path")].flatMap((path) => corners(path, true)).map(boxOf),
      own: [...ours.querySelectorAll("path[fill]:not([fill=none]):not([shape-rendering] *)")]
        .flatMap(placed)
        .map(boxOf),
    },
    points: {
      plotly: [...theirs.querySelectorAll(".scatterlayer .points path")].map((path) => [path.getCTM().e, path.getCTM().f]),
      own: [...ours.querySelectorAll("path[stroke-linecap]")]
        .filter((path, i, all) => path.getAttribute("d") !== all[i - 1]?.getAttribute("d")) // rings have two
        .flatMap((path) => placed(path).map(([point]) => point)),
    },
    heatmaps: {
      plotly: [...theirs.querySelectorAll(".hm image")].map((image) => {
        const { e, f } = image.getCTM();
        const [x, y, w, h] = ["x", "y", "width", "height"].map((name) => Number(image.getAttribute(name)));
        return [x + e, y + f, x + e + w, y + f + h];
      }),
      own: [...ours.querySelectorAll("g[clip-path]")]
        .flatMap((group) => [...group.querySelectorAll("g[shape-rendering=crispEdges]")])
        .map((heatmap) => {
          const paths = [...heatmap.querySelectorAll("path")];
          const [x0, y0, x1, y1] = boxOf(paths.flatMap((path) => corners(path, false)).flat());
          const { a, d, e, f } = heatmap.getCTM();
          return boxOf([[a * x0 + e, d * y0 + f], [a * x1 + e, d * y1 + f]]);
        }),
    },
    shapes,
    ticks: {
      x: textsOf(theirs, ".xtick text, .x2tick text"),
      y: textsOf(theirs, ".ytick text, .y2tick text"),
      own: textsOf(ours, "text"),
    },
    notes: textsOf(theirs, ".annotation-text"),
  };
};
