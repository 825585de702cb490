/**
 * Starts Python, from its files or from a snapshot of its memory. It replaces `loadPyodide()`, which supports neither packs
 * nor snapshots with NumPy. It changes no file of Pyodide; needs.js lists the parts of its `Module` object in use.
 * Nothing here needs a browser, so the tests also run it in Node.
 *
 * @import { Index } from "./packs.js"
 * @import { Snapshot } from "./snapshot.js"
 * @import { Engine, Python } from "./types.js"
 * @typedef {{index: Index, standardLibrary: Uint8Array, packs: Promise<Map<string, Uint8Array>>}} Files `packs`: the index's `first`
 * @typedef {(settings: any) => Promise<any>} CreateModule the export of pyodide.asm.mjs
 * @typedef {(pack: string) => Uint8Array} ReadNow reads a pack synchronously
 */
import { layFiles, layLater, layPackages, layWhenSought } from "./lazy-files.js";
import { TABLE_BASE } from "./needs.js";
import { STANDARD_LIBRARY } from "./packs.js";
import { baselineOf, growTable, restoreSideModules, trampolineSlot } from "./side-modules.js";

const SITE_PACKAGES = "/lib/python3.14/site-packages";
const HOME = "/home/pyodide";
/**
 * References to JavaScript that Python has after a start; Pyodide expects more, for modules that `travel_light` leaves
 * out.
 */
const REFERENCES = 3;
/** Folders that Python searches for modules. */
const FOLDERS = ["/lib", "/lib/python3.14", SITE_PACKAGES];
/** Limit of Python's memory: beyond it Python raises a MemoryError, and the reader's device keeps working. */
export const MAX_MEMORY = 2 ** 30;

/**
 * Start Python from a snapshot if one is usable, otherwise from files. Emscripten's part is the same for both. It
 * begins at once, while the main module and the snapshot may still be loading.
 *
 * @param {{create: CreateModule, main: Promise<WebAssembly.Module>, snapshot: Promise<Snapshot | null>, files: () => Promise<Files>,
 *   readNow: ReadNow, env?: Record<string, string>}} options `env`: more variables of Python's environment
 * @returns {Promise<{python: Python, from: "snapshot" | "files", why: string}>} `why` an existing snapshot was not
 *   usable, or ""
 */
export async function start({ create, main, snapshot, files, readNow, env }) {
  let why = "";
  const noSnapshot = (/** @type {unknown} */ error) => ((why = error instanceof Error ? error.message : String(error)), null);
  const found = snapshot.catch(noSnapshot);
  const chosen = found.then(async (snapshot) => (snapshot === null ? files() : null));
  const engine = createEngine(create, main, chosen, { env });
  engine.catch(() => {}); // awaited below
  const usable = await found;
  const restored = usable && (await restore(await engine, usable, readNow).catch(noSnapshot));
  if (restored) return { python: restored, from: "snapshot", why };
  const given = (await chosen) ?? (await files());
  const fresh = usable ? createEngine(create, main, Promise.resolve(given), { env }) : engine;
  return { python: await finishFromFiles(await fresh, given, readNow), from: "files", why };
}

/**
 * Start Python for making a snapshot: it tracks its references to JavaScript.
 *
 * @param {{create: CreateModule, main: WebAssembly.Module, files: Files, readNow: ReadNow, onMemory: (module: any) => void}} options
 *   `onMemory`: called with the memory before Python has touched it
 * @returns {Promise<Python & {baseline: import("./side-modules.js").Baseline}>}
 */
export async function startForSnapshot({ create, main, files, readNow, onMemory }) {
  /** @type {any} */
  let baseline;
  const engine = await createEngine(create, Promise.resolve(main), Promise.resolve(files), {
    onMemory(module) {
      baseline = baselineOf(module);
      onMemory(module);
    },
  });
  return { ...(await finishFromFiles(engine, files, readNow)), baseline };
}

/**
 * @param {Engine} engine after Python's own start @param {Files} files @param {ReadNow} readNow
 * @returns {Promise<Python>}
 */
async function finishFromFiles({ module, api, mainExports }, { index, packs }, readNow) {
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
  return { pyodide, module, api, mainExports };
}

/**
 * @param {Engine} engine before Python's own start @param {Snapshot} snapshot @param {ReadNow} readNow
 * @returns {Promise<Python>}
 */
async function restore({ module, api, mainExports }, { header, libraries, readInto }, readNow) {
  restoreSideModules(module, header.record, await libraries, header.heapSize);
  // The slot of the call trampoline differs between engines: restore this engine's own.
  const at = trampolineSlot(module);
  const trampoline = module.HEAP32[at];
  readInto(module.HEAPU8);
  module.HEAP32[at] = trampoline;
  const { first, later, packages } = header.index;
  layWhenSought(module.FS, FOLDERS, () => {
    for (const group of [first, later]) layLater(module.FS, group, readNow);
    layPackages(module.FS, packages, readNow);
  });
  const pyodide = api.finalizeBootstrap(header.references, () => null);
  finish(pyodide, api);
  setTimeZone(module);
  const start = pyodide.pyimport("latentbook_start");
  start.wake(module.getEnvStrings().join("\n"));
  start.destroy();
  return { pyodide, module, api, mainExports };
}

/** @param {any} pyodide @param {any} api */
function finish(pyodide, api) {
  api.initializeStreams(() => null, silence, silence);
  pyodide.setStdin({ error: true });
}

/**
 * Set the time zone. C reads it only once: when the snapshot was made, perhaps in a different place.
 * @param {any} module
 */
function setTimeZone(module) {
  const [standard, summer] = module.HEAPU32.subarray(module._tzname >>> 2);
  module.__tzset_js(module._timezone, module._daylight, standard, summer);
}

/** Discard output during the start: it is not the reader's. */
function silence() {}

/**
 * Create Emscripten's module, and run Python's own start if there are files for it.
 *
 * @param {CreateModule} create
 * @param {Promise<WebAssembly.Module>} main
 * @param {Promise<Files | null>} files
 * @param {{env?: Record<string, string>, onMemory?: (module: any) => void}} more `onMemory`: for making a snapshot
 */
async function createEngine(create, main, files, { env: more, onMemory }) {
  const inNode = typeof Reflect.get(globalThis, "process") === "object";
  const env = { HOME, PYTHONINSPECT: "1", ...more };
  const config = { jsglobals: {}, args: [], env, packages: [], enableRunUntilComplete: true, checkAPIVersion: true,
    packageBaseUrl: "", cdnUrl: "", indexURL: "", _makeSnapshot: onMemory !== undefined };
  /** @type {any} */
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
    locateFile: (/** @type {string} */ name) => name,
    print: silence,
    printErr: silence,
    preRun: [
      (/** @type {any} */ module) => {
        for (const folder of [SITE_PACKAGES, HOME]) module.FS.mkdirTree(folder);
        module.FS.chdir(HOME);
        Object.assign(module.ENV, env);
      },
    ],
    instantiateWasm(/** @type {any} */ imports, /** @type {(i: WebAssembly.Instance, m: WebAssembly.Module) => void} */ receive) {
      Object.assign(imports.env, errorMarker());
      limitMemory(imports.env);
      beforeLibraries(imports.env, () => settings.readWholeTable());
      forgetFailures(imports.env, () => settings.LDSO);
      const run = async () => {
        const code = await main;
        const instance = await WebAssembly.instantiate(code, imports);
        const given = await files;
        settings.noInitialRun = given === null;
        if (given) settings.preRun.push((/** @type {any} */ { FS }) => layFiles(FS, given.index.first[STANDARD_LIBRARY], given.standardLibrary));
        mainExports = instance.exports;
        receiveQuickly(settings, mainExports, () => receive(instance, code));
      };
      run().catch(fail);
      return {};
    },
    onRuntimeInitialized() {
      settings.readTableAgain();
      if (!settings.noInitialRun) settings.readWholeTable();
      growTable(settings, TABLE_BASE);
      const { getExpectedKeys } = api;
      api.getExpectedKeys = () => getExpectedKeys().slice(0, REFERENCES);
      onMemory?.(settings);
    },
  };
  const module = await Promise.race([create(settings), failure]);
  return { module, api, mainExports };
}

/** Pyodide's description of its environment. @param {boolean} inNode */
function environment(inNode) {
  const agent = inNode ? "" : navigator.userAgent;
  return { IN_NODE: inNode, IN_NODE_ESM: inNode, IN_NODE_COMMONJS: false, IN_BUN: false, IN_DENO: false, IN_SHELL: false,
    IN_WORKERD: false, IN_BROWSER: !inNode, IN_BROWSER_MAIN_THREAD: false, IN_BROWSER_WEB_WORKER: !inNode,
    IN_SAFARI: /Safari/.test(agent) && !/Chrome/.test(agent) };
}

/** Pyodide distinguishes JavaScript's errors from values by a marker that its loader provides. */
function errorMarker() {
  const marker = Symbol("error");
  return { Jsv_GetError_import: () => marker, JsvError_Check: (/** @type {unknown} */ value) => Number(value === marker) };
}

/** @param {Record<string, any>} env */
function limitMemory(env) {
  const resize = env.emscripten_resize_heap;
  const within = (/** @type {number} */ bytes) => bytes >>> 0 <= MAX_MEMORY && resize(bytes);
  env.emscripten_resize_heap = Object.assign(within, { sig: resize.sig });
}

/** Call a function before each library is opened. @param {Record<string, any>} env @param {() => void} run */
function beforeLibraries(env, run) {
  for (const name of ["_dlopen_js", "_emscripten_dlopen_js"]) {
    const open = env[name];
    if (!open) continue;
    env[name] = Object.assign((/** @type {any[]} */ ...given) => (run(), open(...given)), { sig: open.sig });
  }
}

/**
 * Make Emscripten retry a library whose file could not be loaded: by itself, it treats the library as loaded.
 *
 * @param {Record<string, any>} env
 * @param {() => any} LDSO Emscripten's record of loaded libraries
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
 * Skip 50 ms of Emscripten's start: it gives each of 8,500 exports a slot in the function table, wraps 274 WebGL
 * functions that no page here calls, and reads the complete table to find each function. Instead it now assigns a slot
 * when a library needs one, and reads the table before the first library is opened.
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
