/**
 * A started interpreter, as the loader and the maker of snapshots know it.
 *
 * @typedef {{module: any, api: any, mainExports: Record<string, any>}} Engine
 *   `module` is Emscripten's, `api` Pyodide's inner one.
 * @typedef {Engine & {pyodide: any}} Python
 */
export {};
