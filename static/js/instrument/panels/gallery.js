/**
 * A gallery: tiles with labels, in rows as wide as the page allows. The arrow keys move from tile to tile. If the
 * gallery sets a control, Enter, Space and the pointer choose a tile.
 *
 * @import { TilesPanel, Value } from "../../python/protocol.js"
 * @import { Bench } from "./types.js"
 * @typedef {{control: import("../spec.js").ControlSpec, bench: Bench, values: Value[]}} Choosing values: one per image
 */
import { make } from "../../elements.js";
import { setText } from "../../text.js";
import { translate } from "../../words.js";
import { caption } from "./captions.js";
import { colourAt, rampOf } from "./ramp.js";

/** @param {HTMLElement} element with the still, or with an empty `.image` @param {Choosing} [choosing] */
export function mountGallery(element, choosing) {
  const place = /** @type {HTMLElement} */ (element.querySelector(".image"));
  const named = /** @type {HTMLElement} */ (element.querySelector(".named") ?? element.appendChild(make("p", { className: "named", ariaHidden: "true" })));
  const context = /** @type {CanvasRenderingContext2D} */ (make("canvas").getContext("2d"));
  const images = /** @type {HTMLCollectionOf<HTMLElement>} */ (place.children);
  const gone = new AbortController();
  let ramp = rampOf(element, context);
  /** @type {TilesPanel | null} */
  let panel = null;
  let at = 0; // index of the image that Tab reaches

  const indexOf = (/** @type {Event} */ { target }) => [...images].findIndex((image) => image.contains(/** @type {Node} */ (target)));
  const name = (/** @type {number} */ i) => setText(named, panel?.gallery?.labels[i] ?? "");
  const reach = (/** @type {number} */ i) => {
    at = Math.max(0, Math.min(i, images.length - 1));
    for (const [j, image] of [...images].entries()) image.tabIndex = j === at ? 0 : -1;
  };
  const choose = (/** @type {number} */ i) => {
    if (choosing && i >= 0) choosing.bench.move(choosing.control.name, choosing.values[i]);
  };
  const follow = () => {
    if (!choosing) return;
    const chosen = choosing.values.indexOf(choosing.bench.values()[choosing.control.name]);
    for (const [i, image] of [...images].entries()) image.setAttribute("aria-selected", String(i === chosen));
    if (!place.matches(":focus-within")) reach(chosen < 0 ? at : chosen);
  };
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || images.length === 0) return;
    const across = [...images].findIndex((image) => image.offsetTop > images[0].offsetTop);
    const column = across < 0 ? images.length : across;
    const right = getComputedStyle(place).direction === "rtl" ? -1 : 1;
    const by = { ArrowLeft: -right, ArrowRight: right, ArrowUp: -column, ArrowDown: column, Home: -at, End: images.length - 1 - at }[event.key];
    if (by === undefined) {
      if (!choosing || (event.key !== "Enter" && event.key !== " ")) return;
      choose(at);
    } else if (images[at + by] !== undefined) {
      reach(at + by);
      images[at].focus();
    }
    event.preventDefault();
  };
  const { signal } = gone;
  place.addEventListener("keydown", onKey, { signal });
  place.addEventListener("click", (event) => choose(indexOf(event)), { signal });
  place.addEventListener("focusin", (event) => (reach(indexOf(event)), name(at)), { signal });
  place.addEventListener("focusout", () => name(-1), { signal });
  place.addEventListener("pointerover", (event) => name(indexOf(event)), { signal });
  place.addEventListener("pointerleave", () => name(place.matches(":focus-within") ? at : -1), { signal });

  const paint = () => {
    if (panel?.gallery == null) return;
    const { data, shape, gallery } = panel;
    const [, , height, width, channels = 1] = shape;
    for (const [i, image] of [...images].entries()) {
      const canvas = image.querySelector("canvas") ?? make("canvas");
      if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
      const pixels = new ImageData(width, height);
      const colours = new Uint32Array(pixels.data.buffer);
      for (let j = 0; j < colours.length; j++) colours[j] = colourAt(ramp, data, i * colours.length + j, channels);
      canvas.getContext("2d")?.putImageData(pixels, 0, 0);
      if (image.firstChild !== canvas) image.firstElementChild ? image.firstElementChild.replaceWith(canvas) : image.append(canvas);
      const marked = gallery.marked.includes(i);
      const number = gallery.numbers[i] ?? "";
      image.setAttribute("aria-label", [gallery.labels[i], number, marked ? translate("marked") : ""].filter(Boolean).join(", "));
      image.classList.toggle("marked", marked);
      if (number === "") image.querySelector("small")?.remove();
      else setText(image.querySelector("small") ?? image.appendChild(make("small")), number);
    }
  };
  const theme = element.getRootNode(); // the document, or the shadow root of a notebook
  theme.addEventListener("themechange", () => ((ramp = rampOf(element, context)), paint()), { signal });

  return {
    /** @param {TilesPanel} next */
    draw(next) {
      panel = next;
      const [, , height, width] = next.shape;
      const { labels, sides } = /** @type {NonNullable<TilesPanel["gallery"]>} */ (next.gallery);
      if (!place.classList.contains("gallery")) place.replaceChildren();
      place.className = "image gallery";
      place.setAttribute("role", choosing ? "listbox" : "group");
      place.setAttribute("aria-label", next.alt);
      for (const [property, value] of [["ratio", `${width} / ${height}`], ["side", `${sides[0]}px`], ["narrow", `${sides[1]}px`]]) {
        place.style.setProperty(`--${property}`, value);
      }
      while (images.length > labels.length) place.lastElementChild?.remove();
      while (images.length < labels.length) place.append(make("div"));
      for (const image of images) image.setAttribute("role", choosing ? "option" : "img");
      paint();
      caption(element, next.captions);
      reach(at);
      follow();
    },
    follow,
    destroy: () => gone.abort(),
  };
}
