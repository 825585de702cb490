// Runs in the page: for every move by the reader, how long from the handler of the input to the painted picture.
// Warm: the answer was known and drawn inside the event. Cold: Python was asked.
globalThis.latentbookFrames = { moves: [], draws: [], answers: [] };
{
  const SLIDER = ".instrument input[type=range]";
  const POINT = ".instrument [data-draggable]";
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
  const isMove = ({ type, target, buttons }) =>
    type === "input" ? target.matches?.(SLIDER) : buttons === 1 && target.closest?.(POINT);
  for (const type of ["input", "pointermove"]) {
    addEventListener(type, (event) => {
      if (!isMove(event)) return;
      start = performance.now();
      drawn = false;
      warm = false;
    }, true);
    addEventListener(type, (event) => {
      if (isMove(event)) warm = drawn;
    });
  }
  new PerformanceObserver((list) => {
    for (const { name, duration, detail } of list.getEntries()) {
      if (name === "latentbook-draw") latentbookFrames.draws.push(duration);
      if (name === "latentbook-answer") latentbookFrames.answers.push({ compute: detail, ms: duration });
    }
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
