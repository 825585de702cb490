const MEASURE = "latentbook-draw"; // tools/bench/frames.js reads it

/** Draw a picture or a part of it, and record the time. @param {() => void} draw */
export function timed(draw) {
  const start = performance.now();
  draw();
  performance.measure(MEASURE, { start });
  performance.clearMeasures(MEASURE); // observers have received it; the browser need not store it
}
