/**
 * head.js for a page with code to run: starts Python before the page has been parsed. On a phone it waits for the first paint;
 * with Save-Data or little memory, until the reader comes near an instrument or a snippet (blocks.js).
 */
import "./head.js";
import { textGoesFirst } from "./config.js";
import { launchEarly } from "./python/page/launch.js";

if (!textGoesFirst()) launchEarly();
