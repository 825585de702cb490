/** Starts a page with a single block in a frame of another site (docs/embedding.md). */
import { startBlocks } from "./page/blocks.js";
import { runtime } from "./python/page/runtime.js";

// Other frames on the page share this one's Python (lending.js).
Reflect.get(globalThis, "latentbookLender")?.serve(runtime);
startBlocks(null);
tellHeight();
addEventListener("message", ({ data, source }) => {
  if (source === parent && ["light", "dark", "auto"].includes(data?.latentbook?.theme)) follow(data.latentbook.theme);
});

/** @param {"light" | "dark" | "auto"} theme of the surrounding site */
function follow(theme) {
  const root = document.documentElement;
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
}

/** Tell the surrounding site the page's height, in the message that learning management systems know. */
function tellHeight() {
  if (parent === window) return;
  let told = 0;
  new ResizeObserver(() => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height === told) return;
    told = height;
    parent.postMessage({ subject: "lti.frameResize", height, latentbook: { label: document.documentElement.dataset.embed } }, "*");
  }).observe(document.body);
}
