/**
 * head.js for a page with code to run: starts Python and fetches the instruments' script before the page has been parsed. On a
 * phone, with Save-Data or with little memory it waits until an instrument or a snippet is in sight, or near once the reader has
 * scrolled (blocks.js).
 */
import "./head.js";
import { absolute, config, textGoesFirst } from "./config.js";
import { launchEarly } from "./python/page/launch.js";

if (!textGoesFirst()) {
  launchEarly();
  // main.js imports it, but runs only once the page has been laid out; by then Python may have answered.
  const link = document.createElement("link");
  link.rel = "modulepreload";
  link.href = absolute(config.assets["in-page.js"]);
  document.head.append(link);
}
