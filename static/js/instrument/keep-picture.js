/**
 * "Save picture" and "Zoom": the panels as a PNG download, or in Plotly itself with hover values.
 * @import { FrameValue, PlotPanel } from "../python/protocol.js"
 */
import { button, make, saveFile } from "../elements.js";
import { translate } from "../words.js";

const SCALE = 2; // device pixels per CSS pixel in the saved picture
const GAP = 16; // CSS px between panels and around them

/**
 * @param {HTMLElement} section
 * @param {import("./spec.js").InstrumentSpec} spec
 * @param {() => FrameValue | null} frame the current one, once Python has answered
 * @param {(sentence: string) => void} say
 */
export function offerPictures(section, spec, frame, say) {
  section.querySelector('[data-action="save"]')?.addEventListener("click", async () => {
    try {
      await savePicture(section, `${spec.label}.png`);
      say(translate("Saved as {file}.", { file: `${spec.label}.png` }));
    } catch (error) {
      say(translate("The picture could not be saved: {why}", { why: error instanceof Error ? error.message : String(error) }));
    }
  });
  section.querySelector('[data-action="zoom"]')?.addEventListener("click", () => {
    const plots = frame()?.panels.filter((panel) => panel.kind === "plot") ?? [];
    if (plots.length === 0) say(frame() === null ? translate("Zoom opens once Python is ready") : translate("There is no plot to zoom into"));
    else zoom(section.querySelector(".title")?.textContent?.trim() ?? spec.name, plots).catch((error) => say(error.message));
  });
}

/** @param {string} title @param {PlotPanel[]} plots */
async function zoom(title, plots) {
  const close = button(translate("Close"), () => dialog.close());
  const dialog = make("dialog", { className: "zoom", ariaLabel: translate("{title}, zoomed", { title }) }, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  try {
    const { show } = await import("../figure/zoom.js");
    for (const { figure } of plots) {
      const place = make("div");
      dialog.append(place);
      await show(place, figure);
    }
  } catch (error) {
    dialog.close();
    throw error;
  }
}

/** @param {HTMLElement} section @param {string} name */
async function savePicture(section, name) {
  const picture = /** @type {HTMLElement} */ (section.querySelector(".picture"));
  const frame = around([...picture.querySelectorAll("[data-panel]")].map((panel) => panel.getBoundingClientRect()));
  const canvas = make("canvas", { width: (frame.width + 2 * GAP) * SCALE, height: (frame.height + 2 * GAP) * SCALE });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(SCALE, SCALE);
  context.fillStyle = getComputedStyle(section).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(GAP - frame.left, GAP - frame.top);
  context.imageSmoothingEnabled = false; // tiles are a few image pixels wide
  /** @type {Map<string, Promise<HTMLImageElement>>} all images of a gallery share one file */
  const files = new Map();
  for (const shown of picture.querySelectorAll("svg, canvas, .tiles-still")) {
    const box = shown.getBoundingClientRect();
    if (box.width === 0 || getComputedStyle(shown).visibility === "hidden") continue;
    if (shown instanceof HTMLCanvasElement) context.drawImage(shown, box.x, box.y, box.width, box.height);
    else if (shown instanceof SVGSVGElement) await drawSvg(context, shown, box);
    else await drawStill(context, /** @type {HTMLElement} */ (shown), box, files);
    const of = shown.closest(".gallery > *");
    if (of !== null) drawMarks(context, of, box);
  }
  const blob = await new Promise((resolve) => canvas.toBlob(resolve));
  if (!(blob instanceof Blob)) throw new Error("the browser made no file of it");
  saveFile(name, blob);
}

/** The smallest box around several boxes. @param {DOMRect[]} boxes */
function around(boxes) {
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(...boxes.map((box) => box.top));
  const right = Math.max(...boxes.map((box) => box.right));
  const bottom = Math.max(...boxes.map((box) => box.bottom));
  return new DOMRect(left, top, right - left, bottom - top);
}

/**
 * Draw an SVG at its final size: if the context enlarged it, Chromium and WebKit would widen its non-scaling strokes,
 * and Firefox would not.
 * @param {CanvasRenderingContext2D} context @param {SVGSVGElement} svg @param {DOMRect} box
 */
async function drawSvg(context, svg, box) {
  const image = await imageOf(svg, box);
  const { e: left, f: top } = context.getTransform();
  context.save();
  context.resetTransform();
  context.drawImage(image, left + box.x * SCALE, top + box.y * SCALE, box.width * SCALE, box.height * SCALE);
  context.restore();
}

/**
 * A drawing as a standalone image, with the page's colours and fonts written into it and its non-scaling strokes
 * widened.
 * @param {SVGSVGElement} svg @param {DOMRect} box
 */
async function imageOf(svg, box) {
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  const sources = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
    const style = getComputedStyle(sources[i]);
    for (const name of ["fill", "stroke", "color", "font-family", "font-size", "font-weight", "opacity"]) {
      /** @type {SVGElement} */ (element).style.setProperty(name, style.getPropertyValue(name));
    }
    if (!element.hasAttribute("vector-effect")) return;
    for (const name of ["stroke-width", "stroke-dasharray"]) {
      const lengths = element.getAttribute(name)?.split(" ").map((length) => Number(length) * SCALE);
      if (lengths) element.setAttribute(name, lengths.join(" "));
    }
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  for (const side of /** @type {const} */ (["width", "height"])) copy.setAttribute(side, `${box[side] * SCALE}`);
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  return image;
}

/**
 * Draw the ring and the number of an image in a gallery.
 * @param {CanvasRenderingContext2D} context @param {Element} image @param {DOMRect} box of its pixels
 */
function drawMarks(context, image, box) {
  const { outlineColor, outlineStyle, outlineWidth } = getComputedStyle(/** @type {Element} */ (image.firstElementChild));
  const width = Number.parseFloat(outlineWidth);
  const away = 1 + width / 2;
  context.lineWidth = width;
  context.strokeStyle = outlineColor;
  if (outlineStyle !== "none") context.strokeRect(box.x - away, box.y - away, box.width + 2 * away, box.height + 2 * away);
  const { color, fontFamily, fontSize } = getComputedStyle(image);
  context.font = `${fontSize} ${fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillStyle = color;
  context.fillText(image.querySelector("small")?.textContent ?? "", box.x + box.width / 2, box.bottom + 2);
}

/**
 * Draw the first picture of a tiles panel: in colour, or as ink through a mask; in a gallery, as part of the file.
 * @param {CanvasRenderingContext2D} context @param {HTMLElement} still @param {DOMRect} box
 * @param {Map<string, Promise<HTMLImageElement>>} files opened so far
 */
async function drawStill(context, still, box, files) {
  const style = getComputedStyle(still);
  const { backgroundColor } = style;
  const of = still.classList.contains("colour") ? "background" : "mask";
  const [file, position, size] = ["image", "position", "size"].map((name) => style.getPropertyValue(`${of}-${name}`));
  if (!files.has(file)) files.set(file, opened(file.slice('url("'.length, -'")'.length)));
  const mask = await /** @type {Promise<HTMLImageElement>} */ (files.get(file));
  const [[x, y], [across, down]] = [position, size].map((pair) => pair.split(" ").map((each) => Number.parseFloat(each) / 100));
  const [width, height] = [mask.naturalWidth / across, mask.naturalHeight / down];
  const ink = make("canvas", { width: Math.round(width), height: Math.round(height) });
  const layer = /** @type {CanvasRenderingContext2D} */ (ink.getContext("2d"));
  layer.drawImage(mask, Math.round(-x * (mask.naturalWidth - width)), Math.round(-y * (mask.naturalHeight - height)));
  if (of === "background") return context.drawImage(ink, box.x, box.y, box.width, box.height);
  layer.globalCompositeOperation = "source-in";
  layer.fillStyle = backgroundColor;
  layer.fillRect(0, 0, ink.width, ink.height);
  context.drawImage(ink, box.x, box.y, box.width, box.height);
}

/** @param {string} src */
async function opened(src) {
  const image = Object.assign(new Image(), { src });
  await image.decode();
  return image;
}
