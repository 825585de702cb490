/** The visible part of a map, set on the map or as numbers. */
import { typed } from "./fields.js";
import { tidy } from "../map/geometry.js";
import { mount } from "../panels/map.js";
import { translate } from "../../words.js";

/** @type {import("./types.js").Kind<import("../panels/map.js").ViewportSpec>} */
export const viewport = {
  ...typed([".x", ".y", ".zoom"], {
    wanted: ({ limit, max_zoom }) =>
      translate("Two numbers from {low} to {high} and a zoom from 0 to {zoom} are needed", { low: -limit, high: limit, zoom: max_zoom }),
    accept: ({ limit, max_zoom }, [x, y, zoom]) => Math.abs(x) <= limit && Math.abs(y) <= limit && zoom >= 0 && zoom <= max_zoom,
    step(plane, [...view], place, way) {
      view[place] += way * (place < 2 ? 2 ** -Math.floor(view[2]) : 1); // a sixteenth of the view, or one level
      return tidy(plane, /** @type {import("../map/geometry.js").View} */ (view))[place];
    },
  }),
  mount,
};
