/**
 * Private parts of Pyodide that the loader uses. The build checks that all exist, so that an incompatible release of
 * Pyodide breaks the build, not a reader's page.
 */

/** Names in Emscripten's `Module`. */
export const OF_MODULE = [
  "ENV", "FS", "GOT", "HEAP8", "HEAP32", "HEAPU8", "HEAPU32", "LDSO", "__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET", "__PyRuntime",
  "__tzset_js", "_daylight", "_emscripten_get_sbrk_ptr", "_free", "_malloc", "_timezone", "_tzname", "convertJsFunctionToWasm",
  "getEnvStrings", "growMemory", "mergeLibSymbols", "newDSO", "relocateExports", "updateTableMap", "wasmTable",
];

/** Names in Pyodide's internal API. */
export const OF_API = ["_pyodide", "finalizeBootstrap", "getExpectedKeys", "initializeStreams", "rawRun", "serializeHiwireState", "sys"];

/** Slot of the function table where side modules start in all engines, which differ by a slot or two below it. */
export const TABLE_BASE = 16_384;

/**
 * @param {any} module
 * @param {any} api
 * @throws {Error} if anything is missing; the message lists it
 */
export function checkNeeds(module, api) {
  const missing = [
    ...OF_MODULE.filter((name) => !(name in module)).map((name) => `Module.${name}`),
    ...OF_API.filter((name) => !(name in api)).map((name) => `API.${name}`),
  ];
  if (missing.length > 0) throw new Error(`This Pyodide lacks ${missing.join(", ")}, which static/js/python uses: see docs/start.md`);
  const { length } = module.wasmTable;
  if (length > TABLE_BASE) throw new Error(`The function table has ${length} slots, at most ${TABLE_BASE} are expected: see docs/start.md`);
}
