/**
 * Runs in the head of every page, before the first paint. A classic script, because a module would run after the page
 * is parsed.
 */
import { leadOn } from "./page/address.js";
import { keepTaps } from "./page/early-clicks.js";
import { applyTheme } from "./page/theme.js";

leadOn();
applyTheme();
keepTaps();
