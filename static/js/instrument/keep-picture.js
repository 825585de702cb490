/**
 * "Save picture" and "Zoom": the panels as a PNG download, or in Plotly itself with hover values.
 * @typedef {import("../python/protocol.js").FrameValue} FrameValue
 * @typedef {import("../python/protocol.js").PlotPanel} PlotPanel
 */
import { translate } from "../words.js";

const SCALE = 2; // device pixels per CSS pixel in the saved picture
const GAP = 16; // CSS px between panels and around them

/**
 * @param {HTMLElement} section
 * @param {import("./state.js").InstrumentSpec} spec
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
  const dialog = document.createElement("dialog");
  dialog.className = "zoom";
  dialog.setAttribute("aria-label", translate("{title}, zoomed", { title }));
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = translate("Close");
  close.addEventListener("click", () => dialog.close());
  dialog.append(close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  try {
    const { show } = await import("../figure/zoom.js");
    for (const { figure } of plots) {
      const place = document.createElement("div");
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
  const canvas = document.createElement("canvas");
  canvas.width = (frame.width + 2 * GAP) * SCALE;
  canvas.height = (frame.height + 2 * GAP) * SCALE;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(SCALE, SCALE);
  context.fillStyle = getComputedStyle(section).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(GAP - frame.left, GAP - frame.top);
  context.imageSmoothingEnabled = false; // tiles are a few image pixels wide
  for (const shown of picture.querySelectorAll("svg, canvas, .tiles-still")) {
    const box = shown.getBoundingClientRect();
    if (box.width === 0 || getComputedStyle(shown).visibility === "hidden") continue;
    if (shown instanceof HTMLCanvasElement) context.drawImage(shown, box.x, box.y, box.width, box.height);
    else if (shown instanceof SVGSVGElement) context.drawImage(await imageOf(shown), box.x, box.y, box.width, box.height);
    else await drawMask(context, /** @type {HTMLElement} */ (shown), box);
  }
  const blob = await new Promise((resolve) => canvas.toBlob(resolve));
  if (!(blob instanceof Blob)) throw new Error("the browser made no file of it");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The smallest box around several boxes. @param {DOMRect[]} boxes */
function around(boxes) {
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(...boxes.map((box) => box.top));
  const right = Math.max(...boxes.map((box) => box.right));
  const bottom = Math.max(...boxes.map((box) => box.bottom));
  return new DOMRect(left, top, right - left, bottom - top);
}

/** A drawing as a standalone image: colours and fonts from the page are written into it. @param {SVGSVGElement} svg */
async function imageOf(svg) {
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  const sources = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
    const style = getComputedStyle(sources[i]);
    for (const name of ["fill", "stroke", "color", "font-family", "font-size", "font-weight", "opacity"]) {
      /** @type {SVGElement} */ (element).style.setProperty(name, style.getPropertyValue(name));
    }
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  return image;
}

/**
 * The first picture of a tiles panel is ink seen through a mask.
 * @param {CanvasRenderingContext2D} context @param {HTMLElement} still @param {DOMRect} box
 */
async function drawMask(context, still, box) {
  const { maskImage, backgroundColor } = getComputedStyle(still);
  const mask = new Image();
  mask.src = maskImage.slice('url("'.length, -'")'.length);
  await mask.decode();
  const ink = document.createElement("canvas");
  ink.width = mask.naturalWidth;
  ink.height = mask.naturalHeight;
  const layer = /** @type {CanvasRenderingContext2D} */ (ink.getContext("2d"));
  layer.drawImage(mask, 0, 0);
  layer.globalCompositeOperation = "source-in";
  layer.fillStyle = backgroundColor;
  layer.fillRect(0, 0, ink.width, ink.height);
  context.drawImage(ink, box.x, box.y, box.width, box.height);
}
