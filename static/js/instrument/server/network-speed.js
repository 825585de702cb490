/**
 * The speed of the reader's connection, measured on this page's downloads. navigator.connection does not help: browsers
 * that support it report at most 10 Mbit/s, even for a loopback.
 */
import { savesData } from "../../config.js";

/** Minimum body in bytes: most of a shorter one may arrive in a single burst. */
const LONG = 32_768;

/** Bytes per millisecond, 1 Gbit/s: at this speed the delta form saves as much time as it costs. */
const FAST = 125_000;

/** Bytes per millisecond of the newest long body. */
let pace = 0;

new PerformanceObserver((list) => {
  for (const entry of /** @type {PerformanceResourceTiming[]} */ (list.getEntries())) {
    // A response from a cache transferred nothing.
    if (entry.encodedBodySize < LONG || entry.transferSize === 0) continue;
    pace = entry.encodedBodySize / Math.max(entry.responseEnd - entry.responseStart, 0.01);
  }
}).observe({ type: "resource", buffered: true });

/** Whether sending more bytes is faster than compressing them. False until measured. */
export const isFast = () => pace >= FAST && !savesData();
