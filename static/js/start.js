/**
 * head.js for a page with something to run: Python is on its way before the page has been read. With Save-Data or
 * little memory it waits until the reader comes near an instrument or a snippet (blocks.js).
 */
import "./head.js";
import { isFrugal } from "./config.js";
import { launchEarly } from "./python/page/launch.js";

if (!isFrugal()) launchEarly();
