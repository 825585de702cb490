// node compile.mjs PYODIDE SITE OUT SCRIPT [FOLDER...]: runs a Python script in Pyodide with folders of this machine in place.
// PYODIDE: Pyodide's own folder. SITE: what becomes site-packages. OUT: what becomes /out. FOLDERs: can be imported from too.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { checkNeeds } from "../../../static/js/python/worker/needs.js";

const [, , folder, site, out, script, ...others] = process.argv;
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
// The same hash seed gives sets in code objects the same order, and so the same bytes.
const pyodide = await loadPyodide({ indexURL: `${folder}/`, env: { PYTHONHASHSEED: "0" } });
checkNeeds(pyodide._module, pyodide._api);
pyodide.mountNodeFS("/lib/python3.14/site-packages", site);
pyodide.mountNodeFS("/out", out);
const path = pyodide.pyimport("sys").path;
[dirname(script), ...others].forEach((other, number) => {
  pyodide.mountNodeFS(`/other/${number}`, other);
  path.append(`/other/${number}`);
});
pyodide.runPython(readFileSync(script, "utf8"), { filename: script });
