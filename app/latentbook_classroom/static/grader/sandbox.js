/**
 * One interpreter of the grader: the page's Python, restored from a snapshot, in a Deno process without any permission. It
 * exchanges frames with the grader on stdin and stdout, and can reach nothing else. Files come as bytes on stdin, and our
 * scripts are in the static import graph, for which Deno asks no permission.
 */
import { deno } from "./scope.js";
import { readFile, readFrame, readPack, writeFrame, writeJson } from "./frames.js";
import { moduleFrom } from "./module.js";
import { start } from "latentbook/python/worker/loader.js";
import { lockDown } from "latentbook/python/worker/lock-down.js";
import { readSnapshot } from "latentbook/python/worker/snapshot.js";
import { storedIn } from "latentbook/python/worker/snapshot-store.js";
import { VERSION } from "./make-snapshot.js";

export async function run() {
  const { args, exit } = deno;
  const create = moduleFrom(readFile());
  const main = WebAssembly.compile(readFile());
  const snapshot = Promise.resolve(readSnapshot(storedIn(readFile()), VERSION));
  const files = () => Promise.reject(new Error("the snapshot cannot be used"));
  const { python } = await start({ create, main, snapshot, files, readNow: readPack });
  const { pyodide } = python;
  // Printed text must not get between the frames, and no one reads it.
  const drop = { write: (/** @type {Uint8Array} */ bytes) => bytes.length };
  pyodide.setStdout(drop);
  pyodide.setStderr(drop);
  const { serve } = pyodide.pyimport("peer");
  // The doctor and tests omit this to check that Deno's own walls hold.
  if (args[0] !== "open") lockDown(pyodide._api);
  try {
    serve(exchange);
  } catch (error) {
    writeJson("X", { why: String(error).slice(-2_000) });
  }
  exit(0); // a MessagePort of Pyodide would keep the process alive
}

/** The one function that Python gets: sends a frame and waits for the next. @param {any} given Python's bytes */
function exchange(given) {
  const frame = given.toJs();
  given.destroy();
  writeFrame(frame);
  return readFrame();
}
