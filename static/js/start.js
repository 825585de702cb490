/**
 * Runs in the head of a page with something to run: Python is on its way before the page has been read. With Save-Data it
 * waits until the reader comes near an instrument or a snippet (main.js).
 */
import { savesData } from "./config.js";
import { launchEarly } from "./python/launch.js";

if (!savesData()) launchEarly();
