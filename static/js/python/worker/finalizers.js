/**
 * Delays finalizers while Python waits for a file. WebKit's workers run them during a synchronous request. Pyodide's
 * would then release Python objects in the middle of `open()`, and Python would end with "NoGilError".
 */
let isWaiting = false;

/** Call this before loading Pyodide's script, which creates its registry then. */
export function putOffFinalizers() {
  const { FinalizationRegistry, setTimeout } = globalThis; // the worker replaces `setTimeout` before reader's code runs
  globalThis.FinalizationRegistry = new Proxy(FinalizationRegistry, {
    construct(Registry, [cleanUp]) {
      const run = (/** @type {any} */ held) => void (isWaiting ? setTimeout.call(globalThis, run, 0, held) : cleanUp(held));
      return new Registry(run);
    },
  });
}

/** Send a synchronous request. @param {XMLHttpRequest} request */
export function sendAndWait(request) {
  isWaiting = true;
  try {
    request.send();
  } finally {
    isWaiting = false;
  }
}
