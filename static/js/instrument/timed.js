const MEASURE = "latentbook-draw"; // tools/bench/frames.js reads it

/** Draws a picture, or a part of one, and notes how long that takes. @param {() => void} draw */
export function timed(draw) {
  const start = performance.now();
  draw();
  performance.measure(MEASURE, { start });
  performance.clearMeasures(MEASURE); // whoever observes has it; the browser need not keep it
}
