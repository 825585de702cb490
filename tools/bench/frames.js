// Runs in the page: for every move by the reader, how long from the handler of the input to the painted picture.
// A picture answers the newest move before Python was asked for it. One that Python was not asked for answers the newest
// move of all: it was drawn inside the event or, of a map, by the next frame. Moves that were overtaken have no picture.
globalThis.latentbookFrames = { moves: [], draws: [], answers: [] };
{
  const SLIDER = ".instrument input[type=range]";
  const HELD = ".instrument :is([data-draggable], [role=application])";
  /** When the reader moved, of moves that no picture has answered. */
  let open = [];
  /** The move that is answered by what is drawn in this task. */
  let answered;
  let inEvent = false;
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
  const isMove = ({ type, target, buttons }) =>
    type === "input" ? target.matches?.(SLIDER) : buttons === 1 && target.closest?.(HELD);
  for (const type of ["input", "pointermove"]) {
    addEventListener(type, (event) => {
      if (!isMove(event)) return;
      open.push(performance.now());
      inEvent = true;
    }, true);
    addEventListener(type, () => (inEvent = false));
  }
  new PerformanceObserver((list) => {
    for (const { name, duration, detail } of list.getEntries()) {
      if (name === "latentbook-draw") latentbookFrames.draws.push(duration);
      if (name === "latentbook-answer") latentbookFrames.answers.push({ compute: detail, ms: duration });
    }
  }).observe({ type: "measure", buffered: true });
  // Every answer and every picture is measured at once, so that is where they can be seen from outside.
  const measure = performance.measure.bind(performance);
  performance.measure = (name, options) => {
    if (name === "latentbook-answer") {
      answered = open.findLast((start) => start <= options.start) ?? NaN;
      queueMicrotask(() => (answered = undefined));
    }
    if (name === "latentbook-draw") drawn(answered ?? open.at(-1));
    return measure(name, options);
  };
  const drawn = (start) => {
    if (!open.includes(start)) return; // another panel of the same picture, or no move
    open = open.filter((other) => other > start);
    const isWarm = inEvent;
    const afterFrame = () => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        latentbookFrames.moves.push({ ms: performance.now() - start });
        if (isWarm) measure("latentbook-frame", { start }); // for the trace
      };
      channel.port2.postMessage(null);
    };
    if (inFrame) afterFrame();
    else nextFrame(afterFrame);
  };
}
