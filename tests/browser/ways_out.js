// Run inside Python's worker by the debugger: what JavaScript there could get hold of. Returns JSON text:
// {leaked, size, found, tried}: whether a snippet has hung Pyodide's objects into the global scope, how many objects can be
// reached from there, the functions among them that lead out, and which of the tricks below gave anything.
() => {
  const OUT = new RegExp(
    "^((get |set )?(navigator|caches|indexedDB|storage|locks|fonts|location|onmessage|serviceWorker|self)" +
      "|fetch|fetchLater|XMLHttpRequest|WebSocket.*|WebTransport|EventSource|Worker|SharedWorker|importScripts" +
      "|eval|Function|AsyncFunction|GeneratorFunction|AsyncGeneratorFunction|postMessage|BroadcastChannel|MessageChannel" +
      "|open|getDirectory|getFileHandle|createSyncAccessHandle|createWritable|estimate|persist|request|query" +
      "|sendBeacon|dispatchEvent|addEventListener|setInterval|queueMicrotask|close|FontFace|Request|Response|Cache.*|IDB.*" +
      "|FileSystem.*|Storage.*|Navigator.*|WorkerNavigator|Notification|Lock.*|ServiceWorker.*|createObjectURL|URL)$",
  );
  const isNative = (value) => Function.prototype.toString.call(value).includes("[native code]");
  const seen = new Map([[globalThis, ""]]); // and by which names
  const found = [];
  for (const [value, path] of seen) {
    const parts = [];
    for (const key of ArrayBuffer.isView(value) ? [] : Reflect.ownKeys(value)) {
      try {
        const { value: held, get, set } = Object.getOwnPropertyDescriptor(value, key);
        for (const part of [held, get, set]) parts.push([part, `${path}.${String(key)}`]);
      } catch {
        continue; // a proxy of Pyodide's that has gone
      }
    }
    for (const [part, name] of [...parts, [Object.getPrototypeOf(value), `${path}^`]]) {
      const leads = part !== null && (typeof part === "object" || typeof part === "function");
      if (leads && !seen.has(part)) seen.set(part, name);
    }
    if (typeof value !== "function") continue;
    const source = Function.prototype.toString.call(value);
    // Pyodide's whole start is one function, and what it defines inside is looked at where it can be reached.
    if (source.length < 5_000 && /\bimport\(/.test(source)) found.push(`import() at ${path}`);
    if (!isNative(value)) continue;
    const { value: name } = Object.getOwnPropertyDescriptor(value, "name") ?? {};
    if (typeof name === "string" && OUT.test(name)) found.push(`${name} at ${path}`);
  }

  const NAMES =
    "fetch XMLHttpRequest indexedDB caches navigator Worker BroadcastChannel WebSocket importScripts postMessage self close " +
    "dispatchEvent addEventListener FontFace EventSource eval createImageBitmap Request URL onmessage location cookieStore " +
    "OffscreenCanvas MessageChannel WorkerGlobalScope";
  const TRICKS = [
    () => Function("return 1")(),
    () => new Function("return 1")(),
    () => (() => {}).constructor("return 1")(),
    () => (async () => {}).constructor("return 1")(),
    () => (function* () {}).constructor("return 1")(),
    () => (async function* () {}).constructor("return 1")(),
    () => Reflect.construct(Function, ["return 1"]),
    () => (0, eval)("1"),
    () => setTimeout("1"),
    () => setTimeout(() => {}),
    () => Object.getPrototypeOf(globalThis).constructor.constructor("return 1")(),
    () => Object.getPrototypeOf(Object.getPrototypeOf(globalThis)).navigator,
    () => Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf(globalThis))).dispatchEvent,
    () => globalThis.constructor.constructor("return 1")(),
    () => performance.constructor.constructor("return 1")(),
    () => new WebAssembly.Function({ parameters: [], results: [] }, () => {}).constructor("return 1")(),
    () => WebAssembly.compileStreaming(fetch("/api/models")),
  ];
  const tried = NAMES.split(" ").filter((name) => globalThis[name] !== undefined);
  for (const trick of TRICKS) {
    try {
      const made = trick();
      if (made !== undefined) tried.push(String(trick));
    } catch {
      // refused
    }
  }
  return JSON.stringify({ leaked: "leaked" in Object, size: seen.size, found, tried });
}
