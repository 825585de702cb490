/**
 * The kinds of control, by their names in widgets/controls.py.
 *
 * @import { ControlSpec } from "./spec.js"
 * @import { Kind } from "./controls/types.js"
 */
import { choice } from "./controls/choice.js";
import { drawing } from "./controls/drawing.js";
import { glyph } from "./controls/glyph.js";
import { point } from "./controls/point.js";
import { seed } from "./controls/seed.js";
import { slider } from "./controls/slider.js";
import { textbox } from "./controls/textbox.js";
import { toggle } from "./controls/toggle.js";
import { viewport } from "./controls/viewport.js";

/** @type {Record<string, Kind<any>>} */
const KINDS = { choice, drawing, glyph, point, seed, slider, textbox, toggle, viewport };

/** @param {ControlSpec} control @returns {Kind<any>} */
export const kindOf = ({ kind }) => KINDS[kind];
