/**
 * Starts Python, from its files or from a snapshot of its memory. It stands in for `loadPyodide()`, which knows neither packs
 * nor snapshots with NumPy in them. No file of Pyodide is changed; what is used of its `Module` object is listed in
 * needs.js. Nothing here knows a browser, so that the tests run it in Node as well.
 *
 * @typedef {import("./packs.js").Index} Index
 * @typedef {import("./snapshot.js").Snapshot} Snapshot
 * @typedef {{pyodide: any, module: any, api: any, mainExports: Record<string, any>, baseline: import("./side-modules.js").Baseline}} Python
 *   `module` is Emscripten's, `api` Pyodide's inner one.
 * @typedef {(settings: any) => Promise<any>} CreateModule what pyodide.asm.mjs exports
 * @typedef {(pack: string) => Uint8Array} ReadNow the bytes of a pack, at once
 */
import { layFiles, layLater, layPackages } from "./lazy-files.js";
import { TABLE_BASE } from "./needs.js";
import { STANDARD_LIBRARY } from "./packs.js";
import { baselineOf, restoreSideModules, trampolineSlot } from "./side-modules.js";

const SITE_PACKAGES = "/lib/python3.14/site-packages";
const HOME = "/home/pyodide";
/** Python's memory grows no further: beyond it there is a MemoryError, and the reader's device goes on working. */
export const MOST_MEMORY = 2 ** 30;

/**
 * @param {{create: CreateModule, main: WebAssembly.Module, index: Index, packs: Promise<Map<string, Uint8Array>>,
 *   standardLibrary: Uint8Array, readNow: ReadNow, forSnapshot?: boolean, onMemory?: (module: any) => void}} options
 *   `packs`: those of the index's `first`. `forSnapshot`: keep track of what Python holds of JavaScript. `onMemory` sees the
 *   memory before Python has touched it.
 * @returns {Promise<Python>}
 */
export async function startFromFiles({ create, main, index, packs, standardLibrary, readNow, forSnapshot = false, onMemory }) {
  /** @type {any} */
  let baseline;
  const { module, api, mainExports } = await createModule(create, main, forSnapshot, false, {
    files: (fs) => layFiles(fs, index.first[STANDARD_LIBRARY], standardLibrary),
    ready: (module) => {
      module.readWholeTable();
      baseline = baselineOf(module, TABLE_BASE);
      onMemory?.(module);
    },
  });
  for (const [name, pack] of await packs) {
    if (name !== STANDARD_LIBRARY) layFiles(module.FS, index.first[name], pack);
  }
  layLater(module.FS, index.later, readNow);
  layPackages(module.FS, index.packages, readNow);
  const [failed, why] = api.rawRun("import latentbook_start; latentbook_start.travel_light()");
  if (failed) throw new Error(`Python did not start: ${why}`);
  const pyodide = api.finalizeBootstrap(undefined, () => null);
  api.sys.path.insert(0, "");
  api._pyodide.set_excepthook();
  finish(pyodide, api);
  const start = pyodide.pyimport("latentbook_start");
  start.find_the_rest();
  start.let_sleep_be_stopped();
  start.destroy();
  return { pyodide, module, api, mainExports, baseline };
}

/**
 * @param {{create: CreateModule, main: WebAssembly.Module, snapshot: Promise<Snapshot>, readNow: ReadNow}} options
 *   The snapshot is checked while the module is being made.
 * @returns {Promise<Python>}
 */
export async function startFromSnapshot({ create, main, snapshot, readNow }) {
  /** @type {any} */
  let baseline;
  const { module, api, mainExports } = await createModule(create, main, false, true, {
    files: () => {},
    ready: (module) => (baseline = baselineOf(module, TABLE_BASE)),
  });
  const { header, libraries, copyInto } = await snapshot;
  restoreSideModules(module, header.record, await libraries, header.heapSize);
  // The slot of the call trampoline is this engine's own: the word that names it stays.
  const at = trampolineSlot(module);
  const trampoline = module.HEAP32[at];
  copyInto(module.HEAPU8);
  module.HEAP32[at] = trampoline;
  for (const group of [header.index.first, header.index.later]) layLater(module.FS, group, readNow);
  layPackages(module.FS, header.index.packages, readNow);
  const pyodide = api.finalizeBootstrap(header.references, () => null);
  finish(pyodide, api);
  setTimeZone(module);
  const start = pyodide.pyimport("latentbook_start");
  start.wake(module.getEnvStrings().join("\n"));
  start.destroy();
  return { pyodide, module, api, mainExports, baseline };
}

/** @param {any} pyodide @param {any} api */
function finish(pyodide, api) {
  api.initializeStreams(() => null, silence, silence);
  pyodide.setStdin({ error: true });
}

/** C asks for the time zone once, and a snapshot has asked already, perhaps elsewhere. @param {any} module */
function setTimeZone(module) {
  const [standard, summer] = module.HEAPU32.subarray(module._tzname >>> 2);
  module.__tzset_js(module._timezone, module._daylight, standard, summer);
}

/** What Python says while it starts is not the reader's output. */
function silence() {}

/**
 * Emscripten's module, up to where Python's own start begins (`forRestore`) or ends.
 *
 * @param {CreateModule} create
 * @param {WebAssembly.Module} main
 * @param {boolean} forSnapshot
 * @param {boolean} forRestore
 * @param {{files: (fs: any) => void, ready: (module: any) => void}} hooks `files` lays what Python's start reads
 * @returns {Promise<{module: any, api: any, mainExports: Record<string, any>}>}
 */
async function createModule(create, main, forSnapshot, forRestore, { files, ready }) {
  const inNode = typeof Reflect.get(globalThis, "process") === "object";
  const env = { HOME, PYTHONINSPECT: "1" };
  const config = { jsglobals: {}, args: [], env, packages: [], enableRunUntilComplete: true, checkAPIVersion: true,
    packageBaseUrl: "", cdnUrl: "", indexURL: "", _makeSnapshot: forSnapshot };
  const api = { config, runtimeEnv: environment(inNode), lockFilePromise: new Promise(() => {}), sitePackages: SITE_PACKAGES,
    pyVersionTuple: [3, 14, 0] };
  /** @type {Record<string, any>} */
  let mainExports = {};
  /** @type {(error: unknown) => void} */
  let fail = () => {};
  const failure = new Promise((_, reject) => (fail = reject));
  /** @type {any} */
  const settings = {
    API: api,
    arguments: [],
    noImageDecoding: true,
    noAudioDecoding: true,
    noWasmDecoding: false,
    noInitialRun: forRestore,
    locateFile: (/** @type {string} */ name) => name,
    print: silence,
    printErr: silence,
    preRun: [
      (/** @type {any} */ module) => {
        for (const folder of [SITE_PACKAGES, HOME]) module.FS.mkdirTree(folder);
        module.FS.chdir(HOME);
        Object.assign(module.ENV, env);
        files(module.FS);
      },
    ],
    instantiateWasm(/** @type {any} */ imports, /** @type {(i: WebAssembly.Instance, m: WebAssembly.Module) => void} */ receive) {
      Object.assign(imports.env, errorMarker());
      limitMemory(imports.env);
      beforeLibraries(imports.env, () => settings.readWholeTable());
      forgetFailures(imports.env, () => settings.LDSO);
      WebAssembly.instantiate(main, imports).then((instance) => {
        mainExports = instance.exports;
        receiveQuickly(settings, mainExports, () => receive(instance, main));
      }).catch(fail);
      return {};
    },
    onRuntimeInitialized() {
      settings.readTableAgain();
      ready(settings);
    },
  };
  const module = await Promise.race([create(settings), failure]);
  return { module, api, mainExports };
}

/** What Pyodide wants to know of its surroundings. @param {boolean} inNode */
function environment(inNode) {
  const agent = inNode ? "" : navigator.userAgent;
  return { IN_NODE: inNode, IN_NODE_ESM: inNode, IN_NODE_COMMONJS: false, IN_BUN: false, IN_DENO: false, IN_SHELL: false,
    IN_WORKERD: false, IN_BROWSER: !inNode, IN_BROWSER_MAIN_THREAD: false, IN_BROWSER_WEB_WORKER: !inNode,
    IN_SAFARI: /Safari/.test(agent) && !/Chrome/.test(agent) };
}

/** Pyodide tells JavaScript's errors from values by a marker, which it takes from whoever loads it. */
function errorMarker() {
  const marker = Symbol("error");
  return { Jsv_GetError_import: () => marker, JsvError_Check: (/** @type {unknown} */ value) => Number(value === marker) };
}

/** @param {Record<string, any>} env */
function limitMemory(env) {
  const resize = env.emscripten_resize_heap;
  const within = (/** @type {number} */ bytes) => bytes >>> 0 <= MOST_MEMORY && resize(bytes);
  env.emscripten_resize_heap = Object.assign(within, { sig: resize.sig });
}

/** Runs something before the first library is opened. @param {Record<string, any>} env @param {() => void} run */
function beforeLibraries(env, run) {
  for (const name of ["_dlopen_js", "_emscripten_dlopen_js"]) {
    const open = env[name];
    if (!open) continue;
    env[name] = Object.assign((/** @type {any[]} */ ...given) => (run(), open(...given)), { sig: open.sig });
  }
}

/**
 * Emscripten takes a library whose file could not be had for one that is loaded. It shall be tried again.
 *
 * @param {Record<string, any>} env
 * @param {() => any} LDSO where Emscripten keeps what is loaded
 */
function forgetFailures(env, LDSO) {
  const open = env._dlopen_js;
  const openOrForget = (/** @type {any[]} */ ...given) => {
    const opened = open(...given);
    const { loadedLibsByName: libraries } = LDSO();
    if (!opened) for (const name in libraries) if (libraries[name].exports === "loading") delete libraries[name];
    return opened;
  };
  env._dlopen_js = Object.assign(openOrForget, { sig: open.sig });
}

/**
 * Emscripten gives each of 8,500 exports a slot in the function table, wraps 274 WebGL functions that no page here calls, and
 * reads the whole table to know where each function is: 50 ms. It believes for a moment that all of it is done. Slots are then
 * given when a library asks for one; the table is read before the first library is opened.
 *
 * @param {any} module
 * @param {Record<string, any>} exports
 * @param {() => void} receive
 */
function receiveQuickly(module, exports, receive) {
  const { GOT } = module;
  const known = { value: 0 };
  const table = exports.__indirect_function_table;
  for (const name in GOT) {
    if (name.startsWith("emscripten_gl") && GOT[name].value === -1) GOT[name].value = 0;
  }
  for (const name in exports) GOT[name] ??= known;
  table.get = () => null;
  try {
    receive();
  } finally {
    for (const name in exports) if (GOT[name] === known) delete GOT[name];
  }
  let read = false;
  module.readTableAgain = () => delete table.get;
  module.readWholeTable = () => {
    if (!read) module.updateTableMap(0, table.length);
    read = true;
  };
}
