/**
 * An instrument as a Jupyter or marimo widget (docs/embedding.md): the page's own scripts, in a shadow root that
 * isolates its styles from the notebook's. app/latentbook/notebook.py is the kernel's side.
 *
 * @import { Model } from "./kernel.js"
 */
// @ts-expect-error: the build makes this sheet (app/latentbook/book/write/assets.py).
import style from "latentbook-notebook.css";
import { LiveInstrument } from "../instrument/instrument.js";
import { formatValue } from "../instrument/spec.js";
import { writeState } from "../instrument/state.js";
import { Kernel } from "./kernel.js";

/** @param {{model: Model, el: HTMLElement}} place @returns {() => void} its cleanup function */
function render({ model, el }) {
  const gone = new AbortController();
  const host = document.createElement("div");
  host.dataset.js = "";
  host.dataset.lmSuppressShortcuts = "true"; // so that JupyterLab does not treat keys typed here as shortcuts
  for (const type of ["keydown", "keyup", "keypress"]) host.addEventListener(type, (event) => event.stopPropagation());
  const root = host.attachShadow({ mode: "open" });
  const sheet = document.createElement("style");
  sheet.textContent = style;
  const body = document.createElement("div");
  body.className = "body";
  body.innerHTML = model.get("_markup");
  root.append(sheet, body);
  el.append(host);
  const follow = followTheme(el, host, root, gone.signal);
  whenConnected(host, gone.signal, () => {
    follow();
    start(model, /** @type {HTMLElement} */ (root.querySelector("section.instrument")), gone.signal);
  });
  return () => gone.abort();
}

export default { render };

/** @param {Model} model @param {HTMLElement} section @param {AbortSignal} signal */
function start(model, section, signal) {
  const python = new Kernel(model);
  const instrument = new LiveInstrument(section, {
    python,
    server: null,
    address: {
      search: (spec) => writeState("", spec, model.get("controls")),
      write: (_, values) => {
        if (isSame(values, model.get("controls"))) return true;
        model.set("controls", values);
        model.save_changes();
        return true;
      },
    },
  });
  const set = () => {
    const values = model.get("controls");
    if (!isSame(values, instrument.controls.values)) instrument.set(values);
  };
  model.on("change:controls", set);
  signal.addEventListener("abort", () => {
    model.off("change:controls", set);
    instrument.destroy();
    python.destroy();
  });
}

/** @param {import("../python/protocol.js").Controls} one @param {import("../python/protocol.js").Controls} other */
const isSame = (one, other) => Object.keys(one).every((name) => formatValue(one[name]) === formatValue(other[name]));

/**
 * Wait until the element is in the document, because only then does it have a width and colours.
 * @param {Element} host @param {AbortSignal} signal @param {() => void} run
 */
function whenConnected(host, signal, run) {
  if (signal.aborted) return;
  if (host.isConnected) run();
  else requestAnimationFrame(() => whenConnected(host, signal, run));
}

/**
 * Follow the notebook's theme. Each kind of notebook names it differently, so light text means a dark theme.
 *
 * @param {Element} around
 * @param {HTMLElement} host
 * @param {ShadowRoot} root
 * @param {AbortSignal} signal
 * @returns {() => void} checks again
 */
function followTheme(around, host, root, signal) {
  const follow = () => {
    const theme = lightness(getComputedStyle(around).color) > 0.5 ? "dark" : "light";
    if (host.dataset.theme === theme) return;
    host.dataset.theme = theme;
    root.dispatchEvent(new Event("themechange"));
  };
  const observer = new MutationObserver(follow);
  for (const element of [document.documentElement, document.body, document.head]) {
    observer.observe(element, { attributes: true, childList: element === document.head });
  }
  document.addEventListener("load", follow, { capture: true, signal }); // when a style sheet of the notebook loads
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", follow, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
  return follow;
}

/** Lightness of a colour in any notation, from 0 to 1. @param {string} colour */
function lightness(colour) {
  const context = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}
