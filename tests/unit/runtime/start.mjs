// Starts the distribution in the folder argv[2], loads the packages argv[3...] and runs the Python on stdin,
// which leaves JSON text as its last value.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , folder, ...packages] = process.argv;
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
const pyodide = await loadPyodide({ indexURL: `${folder}/` });
await pyodide.loadPackage(packages, { messageCallback: () => {} });
console.log(pyodide.runPython(readFileSync(0, "utf8")));
