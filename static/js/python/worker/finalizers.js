/**
 * Puts off finalizers while Python waits for a file. WebKit's workers run them during a synchronous request; Pyodide's then give
 * up Python objects in the middle of `open()`, and Python ends with "NoGilError".
 */
let isWaiting = false;

/** Call it before Pyodide's script is loaded, which makes its registry then. */
export function putOffFinalizers() {
  const { FinalizationRegistry, setTimeout } = globalThis; // the worker replaces `setTimeout` before reader's code runs
  globalThis.FinalizationRegistry = new Proxy(FinalizationRegistry, {
    construct(Registry, [cleanUp]) {
      const run = (/** @type {any} */ held) => void (isWaiting ? setTimeout.call(globalThis, run, 0, held) : cleanUp(held));
      return new Registry(run);
    },
  });
}

/** Sends a synchronous request. @param {XMLHttpRequest} request */
export function sendAndWait(request) {
  isWaiting = true;
  try {
    request.send();
  } finally {
    isWaiting = false;
  }
}
