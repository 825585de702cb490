/**
 * A page that the browser caches for Back. Readers go Back often in browsers that load pages of the book one by one:
 * navigate.js needs the Navigation API, which Safari supports from 26.2.
 */
import { runtime } from "../python/page/runtime.js";

export function keepForBack() {
  /** @type {HTMLInputElement[]} */
  let fields = [];
  let hadPython = false;
  addEventListener("pagehide", ({ persisted }) => {
    if (!persisted) return;
    // On Back, WebKit empties fields with autocomplete="off", but keeps their picture or verdict.
    fields = [...document.querySelectorAll("input")].filter((field) => field.autocomplete === "off");
    for (const field of fields) field.autocomplete = "on";
    if (!("navigation" in globalThis)) hadPython = runtime.suspend();
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    for (const field of fields) field.autocomplete = "off";
    if (hadPython) runtime.start();
  });
}
