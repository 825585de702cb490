/**
 * Deno's functions, and a global scope that Emscripten and Pyodide treat as the page's worker: without `process`, they
 * use no files, child processes or `require`. Import it before Pyodide.
 */

/** @type {any} */
export const deno = Reflect.get(globalThis, "Deno");

Reflect.deleteProperty(globalThis, "process");
Object.defineProperty(globalThis, "WorkerGlobalScope", { value: class {}, configurable: true });
Object.defineProperty(globalThis, "location", { value: { href: "file:///" }, configurable: true });
