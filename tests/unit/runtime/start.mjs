// Starts the distribution in the folder argv[2] as the page does. argv[3] says how:
//   files, snapshot   runs the Python on stdin, which leaves JSON text as its last value; `snapshot` starts from the file argv[4];
//                     with commas between them, one after another, each in an interpreter of its own
//   check             prints what is wrong with each of the files from argv[4] on, as JSON text
//   make              makes that file and prints the SHA-256 of the memory it holds
//   memory            prints the SHA-256 of the memory restored from that file, before anything has run in it
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { start, startForSnapshot } from "../../../static/js/python/worker/loader.js";
import { checkSnapshot, makeSnapshot, pagesInUse, readSnapshot } from "../../../static/js/python/worker/snapshot.js";
import { storedIn } from "../../../static/js/python/worker/snapshot-store.js";

const [, , folder, how, file, ...files] = process.argv;
const VERSION = "test";
const INTERRUPT = 2; // SIGINT
const readNow = (name) => new Uint8Array(readFileSync(`${folder}/${name}`));
const hash = (memory) => createHash("sha256").update(memory).digest("hex");
const { default: createStock } = await import(pathToFileURL(`${folder}/pyodide.asm.mjs`).href);
const main = await WebAssembly.compile(readNow("pyodide.asm.wasm"));
const index = JSON.parse(readFileSync(`${folder}/index.json`, "utf8"));
const { BROWSER_LANGUAGE } = process.env;
if (BROWSER_LANGUAGE) Object.defineProperty(globalThis, "navigator", { value: { language: BROWSER_LANGUAGE, userAgent: "Node.js" } });

let copied;
/** Emscripten's module, which tells what memory Python begins with. */
async function create(settings) {
  const module = await createStock(settings);
  const { finalizeBootstrap } = settings.API;
  settings.API.finalizeBootstrap = (...given) => {
    if (how === "memory") copied = hash(module.HEAPU8);
    return finalizeBootstrap(...given);
  };
  return module;
}

function packed() {
  const packs = new Map(Object.keys(index.first).map((name) => [name, readNow(name)]));
  return { index, standardLibrary: packs.get("std.pack"), packs: Promise.resolve(packs) };
}

async function fromFiles() {
  const options = { create, main: Promise.resolve(main), snapshot: Promise.resolve(null), files: async () => packed(), readNow };
  const { python } = await start(options);
  python.pyodide.pyimport("latentbook_start").load_host();
  return python;
}

/** A snapshot that is whole. */
async function readChecked(file) {
  const stored = storedIn(new Uint8Array(readFileSync(file)));
  await checkSnapshot(stored);
  return readSnapshot(stored, VERSION);
}

async function fromSnapshot() {
  const refuse = () => Promise.reject(new Error("it was not used"));
  const snapshot = readChecked(file);
  return (await start({ create, main: Promise.resolve(main), snapshot, files: refuse, readNow })).python;
}

/** What the questions of the tests need of JavaScript. */
function lend({ pyodide }) {
  const buffer = new Uint8Array(1);
  pyodide.setInterruptBuffer(buffer);
  pyodide.globals.set("interrupt", () => void (buffer[0] = INTERRUPT));
  pyodide.globals.set("fail_in_js", () => {
    throw new RangeError("thrown by JavaScript");
  });
}

if (how === "make") {
  let touched;
  const onMemory = ({ HEAPU8 }) => (touched = pagesInUse(HEAPU8));
  const python = await startForSnapshot({ create, main, files: packed(), readNow, onMemory });
  const start = python.pyodide.pyimport("latentbook_start");
  start.warm(python.pyodide.toPy(["bottleneck", "latent_holes"]));
  start.destroy();
  writeFileSync(file, await makeSnapshot(python, touched, { version: VERSION, index }));
  console.log(hash(python.module.HEAPU8));
} else if (how === "memory") {
  await fromSnapshot();
  console.log(copied);
} else if (how === "check") {
  const said = [file, ...files].map((each) => readChecked(each).then(() => "", ({ message }) => message));
  console.log(JSON.stringify(await Promise.all(said)));
} else {
  const code = readFileSync(0, "utf8");
  for (const each of how.split(",")) {
    const python = await (each === "files" ? fromFiles() : fromSnapshot());
    lend(python);
    console.log(python.pyodide.runPython(code));
  }
}
