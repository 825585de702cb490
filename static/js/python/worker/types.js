/**
 * A started interpreter: types shared by the loader and the snapshot maker.
 *
 * @typedef {{module: any, api: any, mainExports: Record<string, any>}} Engine
 *   `module`: Emscripten's. `api`: Pyodide's internal API.
 * @typedef {Engine & {pyodide: any}} Python
 */
export {};
