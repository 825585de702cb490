/**
 * How fast the reader's line is, as measured on what this page has fetched. navigator.connection cannot tell: browsers
 * that have it report at most 10 Mbit/s, and a loopback as that.
 */
import { savesData } from "../../config.js";

/** Bytes: of a shorter body most may have arrived in one burst. */
const LONG = 32_768;

/** Bytes a millisecond, 1 Gbit/s: here the bytes that the delta form saves take as long as it takes to make and undo. */
const FAST = 125_000;

/** Bytes a millisecond of the newest long body. */
let pace = 0;

new PerformanceObserver((list) => {
  for (const entry of /** @type {PerformanceResourceTiming[]} */ (list.getEntries())) {
    // Nothing was transferred if it came out of a cache.
    if (entry.encodedBodySize < LONG || entry.transferSize === 0) continue;
    pace = entry.encodedBodySize / Math.max(entry.responseEnd - entry.responseStart, 0.01);
  }
}).observe({ type: "resource", buffered: true });

/** Whether bytes cost less than the time to make them fewer. False until something has been measured. */
export const isFast = () => pace >= FAST && !savesData();
