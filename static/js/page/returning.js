/**
 * A page that a browser keeps for Back. Where pages of the book are loaded one by one (navigate.js needs the Navigation API, which
 * Safari has from 26.2), Back is the way around the book.
 */
import { runtime } from "../python/page/runtime.js";

export function keepForBack() {
  /** @type {HTMLInputElement[]} */
  let fields = [];
  let hadPython = false;
  addEventListener("pagehide", ({ persisted }) => {
    if (!persisted) return;
    // WebKit empties what has autocomplete="off" on the way back, but not the picture or the verdict that belongs to it.
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
