/** start.js for an instrument in a frame: the frames of one page share Python. */
import "./head.js";
import { absolute, config, textGoesFirst } from "./config.js";
import { shareLaunches } from "./python/page/lending.js";

const isEarly = !textGoesFirst();
shareLaunches(isEarly);
if (isEarly) {
  const link = document.createElement("link");
  link.rel = "modulepreload";
  link.href = absolute(config.assets["in-page.js"]);
  document.head.append(link);
}
