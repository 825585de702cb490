/**
 * head.js for a page with code to run: starts Python and fetches the instruments' script before the page is parsed. On
 * a phone, with Save-Data or with little memory, it does neither. Python then starts when an instrument or a snippet is
 * visible, or near once the reader has scrolled (blocks.js).
 */
import "./head.js";
import { absolute, config, textGoesFirst } from "./config.js";
import { launchEarly } from "./python/page/launch.js";

if (!textGoesFirst()) {
  launchEarly();
  // main.js imports this script, but runs only after the page is laid out; by then Python may have answered.
  const link = document.createElement("link");
  link.rel = "modulepreload";
  link.href = absolute(config.assets["in-page.js"]);
  document.head.append(link);
}
