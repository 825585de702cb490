/**
 * Removes from the worker's global scope everything that reader's code must not use: the network, this origin's storage and
 * service worker, other workers, ways to the page that bypass the protocol, and ways to turn text into JavaScript. This file
 * lists the names that stay, so that later additions to browsers are removed too. docs/safety.md gives the reasons.
 */

/**
 * The language, and the few parts of the platform that Python itself needs. None of them gives access to anything.
 * Names in the last line are replaced below.
 */
const STAY = new Set(`
  globalThis Infinity NaN undefined isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent encodeURI encodeURIComponent
  AggregateError Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError
  FinalizationRegistry Float16Array Float32Array Float64Array Int8Array Int16Array Int32Array Intl Iterator JSON Map Math Number
  Object Promise Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String SuppressedError Symbol SyntaxError
  TypeError URIError Uint8Array Uint8ClampedArray Uint16Array Uint32Array WeakMap WeakRef WeakSet WebAssembly
  DOMException TextDecoder TextEncoder console crypto performance
  Function setTimeout clearTimeout
`.trim().split(/\s+/));

/**
 * Lock the worker down. Call this once, before the first line of reader's code.
 *
 * @param {any} api Pyodide's internal API
 * @throws {Error} if this browser refuses to remove a name: then no reader's code may run
 */
export function lockDown(api) {
  delete api.tests; // has references to things removed below
  refuseText();
  refuseLater();
  for (const name of STAY) {
    if (name in globalThis && !Object.hasOwn(globalThis, name)) {
      Object.defineProperty(globalThis, name, { value: Reflect.get(globalThis, name) }); // some are on a prototype
    }
  }
  for (let scope = globalThis; scope !== Object.prototype; scope = Object.getPrototypeOf(scope)) {
    for (const name of Object.getOwnPropertyNames(scope)) {
      if (scope === globalThis && STAY.has(name)) continue;
      if (!Reflect.deleteProperty(scope, name) && !isConstant(scope, name)) {
        throw new Error(`this browser does not let ${name} be taken from Python's worker`);
      }
    }
  }
}

/** Whether a property is a constant number or text, which is harmless. @param {object} scope @param {string} name */
function isConstant(scope, name) {
  const { value = null, writable } = Object.getOwnPropertyDescriptor(scope, name) ?? {};
  return writable === false && value !== null && typeof value !== "object" && typeof value !== "function";
}

/** Disable `Function` and its relatives: they turn text into code, and every function refers to one of them. */
function refuseText() {
  function refuse() {
    throw new TypeError("Text is not run as JavaScript here.");
  }
  refuse.prototype = Function.prototype; // Pyodide uses it with instanceof
  const kinds = [function () {}, async function () {}, function* () {}, async function* () {}];
  for (const kind of kinds) {
    Object.defineProperty(Object.getPrototypeOf(kind), "constructor", { value: refuse, writable: false, configurable: false });
  }
  globalThis.Function = /** @type {any} */ (refuse);
}

/** Let nothing run between two requests. Python's asyncio would, using timers and messages from a port to itself. */
function refuseLater() {
  const refuse = () => {
    throw new Error("Nothing keeps running here once a run has ended, so asyncio cannot be used.");
  };
  MessagePort.prototype.postMessage = refuse;
  globalThis.setTimeout = /** @type {any} */ (refuse);
  globalThis.clearTimeout = () => {};
}
