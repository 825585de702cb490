/** Makes the snapshot from which every interpreter of the grader starts; the only script here that reads and writes files. */
import { deno } from "./scope.js";
import { moduleFrom } from "./module.js";
import { startForSnapshot } from "latentbook/python/worker/loader.js";
import { makeSnapshot, pagesInUse } from "latentbook/python/worker/snapshot.js";

/** Always the same: each snapshot is in a folder with the scripts that read it. */
export const VERSION = "grader";

/** Loads the modules that checks and the explanation of errors need. @param {string} peer the text of peer.py */
const warm = (peer) => `
import gc, sys, types, widgets.kit.laws, widgets.engine.explain
peer = sys.modules["peer"] = types.ModuleType("peer")
exec(compile(${JSON.stringify(peer)}, "peer.py", "exec"), vars(peer))
peer.imports_of("import numpy")  # loads what writes code
gc.collect()
`;

export async function make() {
  const [folder, file, peer] = deno.args;
  const readNow = (/** @type {string} */ name) => deno.readFileSync(`${folder}/${name}`);
  const create = moduleFrom(readNow("pyodide.asm.mjs"));
  const main = await WebAssembly.compile(readNow("pyodide.asm.wasm"));
  const index = JSON.parse(new TextDecoder().decode(readNow("index.json")));
  const packs = new Map(Object.keys(index.first).map((name) => [name, readNow(name)]));
  const files = { index, standardLibrary: readNow("std.pack"), packs: Promise.resolve(packs) };
  /** @type {Set<number>} */
  let touched = new Set();
  const onMemory = (/** @type {any} */ { HEAPU8 }) => (touched = pagesInUse(HEAPU8));
  const python = await startForSnapshot({ create, main, files, readNow, onMemory });
  const start = python.pyodide.pyimport("latentbook_start");
  start.warm(python.pyodide.toPy([]));
  start.destroy();
  python.pyodide.runPython(warm(deno.readTextFileSync(peer)));
  deno.writeFileSync(file, await makeSnapshot(python, touched, { version: VERSION, index }));
  deno.exit(0); // a MessagePort of Pyodide would keep the process alive
}
