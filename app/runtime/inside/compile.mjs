// node compile.mjs PYODIDE SITE OUT SCRIPT: runs a Python script in Pyodide with two folders of this machine in place.
// PYODIDE: Pyodide's own folder. SITE: what becomes site-packages. OUT: what becomes /out.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , folder, site, out, script] = process.argv;
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
// The same hash seed gives sets in code objects the same order, and so the same bytes.
const pyodide = await loadPyodide({ indexURL: `${folder}/`, env: { PYTHONHASHSEED: "0" } });
pyodide.mountNodeFS("/lib/python3.14/site-packages", site);
pyodide.mountNodeFS("/out", out);
pyodide.runPython(readFileSync(script, "utf8"), { filename: script });
