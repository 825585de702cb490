const MEASURE = "latentbook-draw"; // tools/bench/frames.js reads it

/** Draws a picture, or a part of one, and records the time. @param {() => void} draw */
export function timed(draw) {
  const start = performance.now();
  draw();
  performance.measure(MEASURE, { start });
  performance.clearMeasures(MEASURE); // observers have it; the browser need not store it
}
