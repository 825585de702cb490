/**
 * The speed of the reader's connection, measured on this page's downloads. navigator.connection cannot tell: browsers
 * that have it report at most 10 Mbit/s, even for a loopback.
 */
import { savesData } from "../../config.js";

/** Bytes: most of a shorter body may have arrived in one burst. */
const LONG = 32_768;

/** Bytes per millisecond, 1 Gbit/s: here the delta form saves as much time as it costs. */
const FAST = 125_000;

/** Bytes per millisecond of the newest long body. */
let pace = 0;

new PerformanceObserver((list) => {
  for (const entry of /** @type {PerformanceResourceTiming[]} */ (list.getEntries())) {
    // Nothing was transferred if it came from a cache.
    if (entry.encodedBodySize < LONG || entry.transferSize === 0) continue;
    pace = entry.encodedBodySize / Math.max(entry.responseEnd - entry.responseStart, 0.01);
  }
}).observe({ type: "resource", buffered: true });

/** Whether sending more bytes is faster than compressing them. False until measured. */
export const isFast = () => pace >= FAST && !savesData();
