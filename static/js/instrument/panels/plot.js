/**
 * A plot panel: takes over the still and redraws it for its actual width whenever the figure or the width changes. It is
 * drawn with 16 px to the rem and shown in the page's size, as the still is.
 *
 * @import { PlotPanel } from "../../python/protocol.js"
 * @typedef {(figure: any, width: number, label: string) => void} Draw
 */
import { mount as takeOver } from "../../figure/draw.js";

let made = 0;

/**
 * @param {HTMLElement} element with the two stills, or empty
 * @returns {{draw: (panel: PlotPanel) => void, destroy: () => void}}
 */
export function mount(element) {
  const stills = /** @type {SVGSVGElement[]} */ ([...element.querySelectorAll("svg.still")]);
  if (stills.length === 0) stills.push(newPicture(element));
  /** @type {Map<SVGSVGElement, Draw>} */
  const drawings = new Map();
  /** @type {PlotPanel | null} */
  let panel = null;
  let shown = stills[0];
  let width = 0;

  // Measured here and not at each draw: reading a width forces a layout.
  const measure = () => {
    width = Math.round(element.getBoundingClientRect().width / typeSize());
    shown = stills.find((still) => getComputedStyle(still).display !== "none") ?? shown;
  };
  const draw = () => {
    if (panel === null || width === 0) return; // hidden: drawn when it is shown
    const drawing = drawings.get(shown) ?? takeOver(shown);
    drawings.set(shown, drawing);
    drawing(panel.figure, width, panel.alt);
  };
  const follow = () => {
    const [before, was] = [width, shown];
    measure();
    if (width !== before || shown !== was) draw();
  };
  // A frame later: a drawing that changes the height within the notice would be notified of itself.
  const observer = new ResizeObserver(() => requestAnimationFrame(follow));
  measure();
  observer.observe(element);

  return {
    draw(next) {
      panel = next;
      draw();
    },
    destroy: () => observer.disconnect(),
  };
}

/** Size of the page's type: 1 at 16 px to the rem. */
const typeSize = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

/** @param {HTMLElement} element @returns {SVGSVGElement} an empty picture, for a panel that had no still */
function newPicture(element) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.id = `picture-${++made}`;
  svg.classList.add("still");
  element.append(svg);
  return svg;
}
