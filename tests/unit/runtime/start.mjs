// Starts the distribution in the folder argv[2] as the page does and runs the Python on stdin, which leaves JSON text as its
// last value. argv[3]: "files", "make" (the snapshot into argv[4]) or "snapshot" (from argv[4]).
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { startFromFiles, startFromSnapshot } from "../../../static/js/python/loader.js";
import { makeSnapshot, pagesInUse, readSnapshot } from "../../../static/js/python/snapshot.js";

const [, , folder, how, file] = process.argv;
const VERSION = "test";
const readNow = (name) => new Uint8Array(readFileSync(`${folder}/${name}`));
const { default: create } = await import(pathToFileURL(`${folder}/pyodide.asm.mjs`).href);
const main = await WebAssembly.compile(readNow("pyodide.asm.wasm"));
const index = JSON.parse(readFileSync(`${folder}/index.json`, "utf8"));

function fromFiles(more) {
  const packs = new Map(Object.keys(index.first).map((name) => [name, readNow(name)]));
  const standardLibrary = packs.get("std.zip");
  return startFromFiles({ create, main, index, packs: Promise.resolve(packs), standardLibrary, readNow, ...more });
}

if (how === "make") {
  let touched;
  const python = await fromFiles({ forSnapshot: true, onMemory: ({ HEAPU8 }) => (touched = pagesInUse(HEAPU8)) });
  python.pyodide.pyimport("latentbook_start").warm();
  writeFileSync(file, await makeSnapshot(python, touched, { version: VERSION, index, libraries: readNow("libraries.pack") }));
} else {
  const bytes = how === "snapshot" && new Uint8Array(readFileSync(file));
  const python = bytes
    ? await startFromSnapshot({ create, main, snapshot: readSnapshot(bytes, VERSION), readNow })
    : await fromFiles({});
  console.log(python.pyodide.runPython(readFileSync(0, "utf8")));
}
