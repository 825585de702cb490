/**
 * A plot panel: adopts the still and redraws it for its actual width whenever the figure or the width changes. Like the
 * still, it is drawn at 16 px per rem and scaled to the page's type size.
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

  // Measure here, not at each draw: reading a width forces a layout.
  const measure = () => {
    width = Math.round(element.getBoundingClientRect().width / typeSize());
    shown = stills.find((still) => getComputedStyle(still).display !== "none") ?? shown;
  };
  const draw = () => {
    if (panel === null || width === 0) return; // hidden: draw when it is shown
    const drawing = drawings.get(shown) ?? takeOver(shown);
    drawings.set(shown, drawing);
    drawing(panel.figure, width, panel.alt);
  };
  const follow = () => {
    const [before, was] = [width, shown];
    measure();
    if (width !== before || shown !== was) draw();
  };
  // Wait one frame: a drawing that changes the height within the callback would trigger it again.
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

/** Scale of the page's type: 1 at 16 px per rem. */
const typeSize = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

/** @param {HTMLElement} element @returns {SVGSVGElement} an empty picture, for a panel that had no still */
function newPicture(element) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.id = `picture-${++made}`;
  svg.classList.add("still");
  element.append(svg);
  return svg;
}
