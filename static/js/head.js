/** Runs in the head of every page, before the first paint. A classic script: a module would run after the page is parsed. */
import { keepPlace } from "./place.js";
import { keepTaps } from "./taps.js";
import { applyTheme } from "./theme.js";

applyTheme();
keepTaps();
keepPlace();
