// Runs in the page: for every move by the reader, how long from the handler of the input to the painted picture.
// Warm: the answer was known and drawn inside the event. Cold: Python was asked, or, of a map, the next frame drew it.
globalThis.latentbookFrames = { moves: [], draws: [], answers: [] };
{
  const SLIDER = ".instrument input[type=range]";
  const HELD = ".instrument :is([data-draggable], [role=application])";
  let start = 0;
  let drawn = false;
  let warm = false;
  let inFrame = false;
  const nextFrame = requestAnimationFrame.bind(globalThis);
  globalThis.requestAnimationFrame = (run) =>
    nextFrame((now) => {
      inFrame = true;
      try {
        run(now);
      } finally {
        inFrame = false;
      }
    });
  const afterFrame = () => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      if (start) latentbookFrames.moves.push({ warm, ms: performance.now() - start });
      if (start && warm) measure("latentbook-frame", { start }); // for the trace
      start = 0;
    };
    channel.port2.postMessage(null);
  };
  const painted = () => (inFrame ? afterFrame() : nextFrame(afterFrame));
  const isMove = ({ type, target, buttons }) =>
    type === "input" ? target.matches?.(SLIDER) : buttons === 1 && target.closest?.(HELD);
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
  // Every picture that is drawn is measured at once, so that is where it can be seen from outside.
  const measure = performance.measure.bind(performance);
  performance.measure = (name, options) => {
    if (name === "latentbook-draw" && !drawn) {
      drawn = true;
      painted();
    }
    return measure(name, options);
  };
}
