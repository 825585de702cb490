// node compile.mjs WORKER PYODIDE SITE OUT SCRIPT [PLACE FOLDER ...]: runs a Python script in Pyodide with folders of this machine mounted.
// WORKER: folder of the page's loader. PYODIDE: Pyodide's own folder. SITE: becomes site-packages. OUT: becomes /out. FOLDER: becomes PLACE.
// Python starts as in a page, so that a script can see what a start imports, but from Pyodide's own archive.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const SITE_PACKAGES = "/lib/python3.14/site-packages";
const START = "/lib/python3.14";

// Node would quote the line of the error, which contains all of Pyodide.
process.on("uncaughtException", (error) => {
  process.exitCode = 1;
  console.error(error?.message || String(error));
});

const [, , worker, folder, site, out, script, ...more] = process.argv;
const imported = (name) => import(pathToFileURL(`${worker}/${name}`).href);
const { start } = await imported("loader.js");
const { checkNeeds } = await imported("needs.js");
const { STANDARD_LIBRARY } = await imported("packs.js");
const read = (path) => new Uint8Array(readFileSync(path));
const { default: create } = await import(pathToFileURL(`${folder}/pyodide.asm.mjs`).href);
const main = WebAssembly.compile(read(`${folder}/pyodide.asm.wasm`));
const packs = {
  [STANDARD_LIBRARY]: ["/lib/python314.zip", read(`${folder}/python_stdlib.zip`)],
  start: [`${START}/latentbook_start.py`, read(fileURLToPath(new URL("latentbook_start.py", import.meta.url)))],
  later: [`${START}/latentbook_later.py`, new TextEncoder().encode("MODULES = ()\nPACKAGES = {}\n")],
};
const first = Object.fromEntries(Object.entries(packs).map(([name, [path, bytes]]) => [name, [[path, 0, bytes.length]]]));
const contents = new Map(Object.entries(packs).map(([name, [, bytes]]) => [name, bytes]));
const files = {
  index: { first, later: {}, packages: {} },
  standardLibrary: contents.get(STANDARD_LIBRARY),
  packs: Promise.resolve(contents),
};
// The same hash seed gives sets in code objects the same order, and so the same bytes.
const env = { PYTHONHASHSEED: "0" };
const options = { create, main, snapshot: Promise.resolve(null), files: async () => files, readNow: read, env };
const { pyodide, module, api } = (await start(options)).python;
checkNeeds(module, api);
pyodide.mountNodeFS(SITE_PACKAGES, site);
pyodide.mountNodeFS("/out", out);
pyodide.mountNodeFS("/scripts", dirname(script));
for (let at = 0; at < more.length; at += 2) {
  pyodide.FS.mkdirTree(more[at]);
  pyodide.mountNodeFS(more[at], more[at + 1]);
}
pyodide.pyimport("sys").path.append("/scripts");
pyodide.runPython(readFileSync(script, "utf8"), { filename: script });
