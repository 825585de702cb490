// Runs in the page: for every move of a slider, how long until its picture was painted.
// Warm: the answer was known and drawn inside the input event. Cold: Python was asked.
globalThis.latentbookFrames = { moves: [], draws: [] };
{
  let start = 0;
  let drawn = false;
  let warm = false;
  const painted = () =>
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        if (start) latentbookFrames.moves.push({ warm, ms: performance.now() - start });
        start = 0;
      };
      channel.port2.postMessage(null);
    });
  const isSlider = (event) => event.target.matches?.(".instrument input[type=range]");
  addEventListener("input", (event) => {
    if (!isSlider(event)) return;
    start = event.timeStamp;
    drawn = false;
  }, true);
  addEventListener("input", (event) => {
    if (isSlider(event)) warm = drawn;
  });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntriesByName("latentbook-draw")) latentbookFrames.draws.push(duration);
  }).observe({ type: "measure", buffered: true });
  addEventListener("DOMContentLoaded", () => {
    // Every picture shown writes the status line, so that is where it can be seen from outside.
    const observer = new MutationObserver((records) => {
      const live = records.some(({ target }) => target.closest?.('.instrument[data-state="live"], .instrument[data-state="server"]'));
      if (!live || drawn) return;
      drawn = true;
      painted();
    });
    for (const status of document.querySelectorAll(".instrument [data-status]")) observer.observe(status, { childList: true });
  });
}
