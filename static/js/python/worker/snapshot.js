/**
 * A snapshot: the memory of a started interpreter with NumPy and the instruments imported, and the libraries that were open.
 *
 *     "latentbook snap\n"  16 bytes
 *     checksum              4 bytes, of everything after the zeros (checksum.js)
 *     zeros                12 bytes
 *     length of the header  4 bytes
 *     header               JSON, padded with spaces to a multiple of 16
 *     pages of memory      consecutive, without pages of zeros only
 *     libraries            WebAssembly, each at a multiple of 16
 *
 * @import { Index } from "./packs.js"
 * @import { Python } from "./types.js"
 * @import { Stored } from "./snapshot-store.js"
 * @typedef {[offset: number, length: number]} Run
 * @typedef {{version: string, index: Index, record: import("./side-modules.js").Libraries, references: any, heapSize: number,
 *   runs: Run[], libraries: [name: string, offset: number, length: number][]}} Header
 *   `version`: of the runtime's folder. `references`: Python's references to JavaScript. `runs`: the positions of the
 *   pages. `libraries`: offsets count from the end of the header.
 * @typedef {{header: Header, libraries: Promise<Map<string, WebAssembly.Module>>, readInto: (memory: Uint8Array<ArrayBuffer>) => void}} Snapshot
 */
import { Checksum } from "./checksum.js";
import { freeLibraryFiles, recordSideModules } from "./side-modules.js";

const MAGIC = new TextEncoder().encode("latentbook snap\n");
const CHECKSUM_AT = 16;
const LENGTH_AT = 32;
const HEADER_AT = 36;
const PAGE = 4_096;
/** Everything after the zeros is a multiple of this (checksum.js). */
const STRIPE = 16;
/** Bytes checked at a time: few, so that requests do not wait long. */
const PART = 1 << 20;
const DAMAGED = "it is damaged";

/**
 * @param {Python & {baseline: import("./side-modules.js").Baseline}} python started from files, for a snapshot; unusable afterwards
 * @param {Set<number>} touched pages that were not all zero before Python's start
 * @param {{version: string, index: Index}} runtime
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function makeSnapshot({ module, api, baseline, mainExports }, touched, { version, index }) {
  const record = recordSideModules(module, baseline, mainExports);
  freeLibraryFiles(module, record);
  zeroFreeMemory(module);
  const references = api.serializeHiwireState(() => null);
  const memory = module.HEAPU8;
  const pages = new Set([...touched, ...pagesInUse(memory)]);
  // Instantiating a library writes its initial data, so store all of its memory, including zeros.
  for (const { memoryBase, memorySize } of record.libraries) {
    for (let page = Math.floor(memoryBase / PAGE); page <= (memoryBase + memorySize) / PAGE; page++) pages.add(page);
  }
  const runs = runsOf(pages);
  let end = pages.size * PAGE;
  /** @type {Header["libraries"]} */
  const kept = [];
  const files = record.libraries.map(({ name }) => {
    const file = module.FS.readFile(name);
    kept.push([name, end, file.length]);
    end += roundUp(file.length, STRIPE);
    return file;
  });
  /** @type {Header} */
  const header = { version, index, record, references, heapSize: memory.length, runs, libraries: kept };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const dataAt = roundUp(HEADER_AT + text.length, STRIPE);
  const bytes = new Uint8Array(dataAt + end);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint32(LENGTH_AT, dataAt - HEADER_AT, true);
  bytes.fill(32, HEADER_AT, dataAt).set(text, HEADER_AT);
  let at = dataAt;
  for (const [offset, length] of runs) {
    bytes.set(memory.subarray(offset, offset + length), at);
    at += length;
  }
  kept.forEach(([, offset], place) => bytes.set(files[place], dataAt + offset));
  new DataView(bytes.buffer).setUint32(CHECKSUM_AT, new Checksum().add(bytes.subarray(LENGTH_AT)).value, true);
  return bytes;
}

/**
 * Read the header and compile the libraries. `readInto` later reads the pages directly into memory.
 *
 * @param {Stored} stored
 * @param {string} version that the page needs
 * @returns {Snapshot}
 * @throws {Error} with a reason, if it is truncated or from a different build
 */
export function readSnapshot(stored, version) {
  const start = begin(stored);
  const dataAt = HEADER_AT + start.getUint32(LENGTH_AT, true);
  if (dataAt > stored.size) throw new Error(DAMAGED);
  const text = new TextDecoder().decode(part(stored, HEADER_AT, dataAt - HEADER_AT));
  const header = headerOf(text);
  if (header.version !== version) throw new Error("it belongs to another build");
  const [, offset, length] = header.libraries.at(-1) ?? ["", sizeOf(header.runs), 0];
  if (dataAt + roundUp(offset + length, STRIPE) !== stored.size) throw new Error(DAMAGED);
  const libraries = compileAll(header, stored, dataAt);
  libraries.catch(() => {}); // the caller that awaits them reports the error
  return {
    header,
    libraries,
    readInto(memory) {
      let at = dataAt;
      for (const [offset, length] of header.runs) {
        stored.read(memory.subarray(offset, offset + length), at);
        at += length;
      }
    },
  };
}

/**
 * Read everything, in parts, and compare the checksum.
 *
 * @param {Stored} stored
 * @param {() => Promise<void>} [pause] between two parts
 * @throws {Error} if it is damaged
 */
export async function checkSnapshot(stored, pause) {
  const wanted = begin(stored).getUint32(CHECKSUM_AT, true);
  const sum = new Checksum();
  const buffer = new Uint8Array(PART);
  for (let at = LENGTH_AT; at < stored.size; at += PART) {
    const bytes = buffer.subarray(0, Math.min(PART, stored.size - at));
    stored.read(bytes, at);
    sum.add(bytes);
    await pause?.();
  }
  if (sum.value !== wanted) throw new Error(DAMAGED);
}

/** The part before the header. @param {Stored} stored */
function begin(stored) {
  if (stored.size < HEADER_AT) throw new Error("it is not a snapshot");
  const bytes = part(stored, 0, HEADER_AT);
  if (MAGIC.some((byte, place) => bytes[place] !== byte)) throw new Error("it is not a snapshot");
  if (stored.size % STRIPE !== 0) throw new Error(DAMAGED);
  return new DataView(bytes.buffer);
}

/** @param {Stored} stored @param {number} at @param {number} length */
function part(stored, at, length) {
  const bytes = new Uint8Array(length);
  stored.read(bytes, at);
  return bytes;
}

/** @param {string} text @returns {Header} */
function headerOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(DAMAGED);
  }
}

/** @param {Run[]} runs */
const sizeOf = (runs) => runs.reduce((sum, [, length]) => sum + length, 0);

/** @param {Header} header @param {Stored} stored @param {number} dataAt */
async function compileAll({ libraries }, stored, dataAt) {
  const compiled = libraries.map(async ([name, offset, length]) => {
    const code = await WebAssembly.compile(part(stored, dataAt + offset, length));
    return /** @type {const} */ ([name, code]);
  });
  return new Map(await Promise.all(compiled));
}

/** Pages that are not all zero. @param {Uint8Array} memory */
export function pagesInUse(memory) {
  const words = new Uint32Array(memory.buffer, 0, memory.length >>> 2);
  const step = PAGE / 4;
  /** @type {Set<number>} */
  const found = new Set();
  for (let at = 0; at < words.length; at += step) {
    for (let word = at; word < at + step; word++) {
      if (words[word] === 0) continue;
      found.add(at / step);
      break;
    }
  }
  return found;
}

/** @param {Set<number>} pages @returns {Run[]} */
function runsOf(pages) {
  /** @type {Run[]} */
  const runs = [];
  for (const page of [...pages].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && last[0] + last[1] === page * PAGE) last[1] += PAGE;
    else runs.push([page * PAGE, PAGE]);
  }
  return runs;
}

/**
 * Fill free heap memory with zeros, so that it takes no space. Allocate free blocks from large to small until the heap
 * would have to grow, then free them.
 *
 * @param {any} module
 */
function zeroFreeMemory(module) {
  const top = module._emscripten_get_sbrk_ptr() >>> 2;
  const claimed = [];
  for (let size = 1 << 18; size >= 16; size >>= 1) {
    for (;;) {
      const before = module.HEAPU32[top];
      const block = module._malloc(size);
      if (block === 0) break;
      if (module.HEAPU32[top] > before) {
        module._free(block);
        break;
      }
      module.HEAPU8.fill(0, block, block + size);
      claimed.push(block);
    }
  }
  for (const block of claimed) module._free(block);
}

/** @param {number} value @param {number} step */
function roundUp(value, step) {
  return Math.ceil(value / step) * step;
}
