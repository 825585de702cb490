/**
 * Runs in the head of every page, before the first paint. It is a classic script, because a module would run only after
 * parsing.
 */
import { leadOn } from "./page/address.js";
import { keepTaps } from "./page/early-clicks.js";
import { applyTheme } from "./page/theme.js";

leadOn();
applyTheme();
keepTaps();
