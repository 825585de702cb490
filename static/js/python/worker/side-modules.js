/**
 * NumPy's libraries are separate WebAssembly modules. A snapshot of the memory does not include their positions. This
 * file records these, and restores the libraries there without running their start-up code again.
 *
 * @typedef {{table: number, got: Record<string, number>, names: Set<string>}} Baseline the module before Python's start
 * @typedef {{name: string, handles: number[], refcount: number | null, global: boolean, memoryBase: number, memorySize: number,
 *   tableBase: number, tableSize: number}} SideModule one library; `refcount` null: never unloaded
 * @typedef {[slot: number, owner: number, name: string]} Slot a function in the table: an export of the library with that
 *   number, of the main module (MAIN), or a JavaScript function (IMPORT)
 * @typedef {{table: number, tableEnd: number, libraries: SideModule[], got: Record<string, number>, slots: Slot[]}} Libraries
 */

const MAIN = -1;
const IMPORT = -2;
/** Words of the struct behind a dlopen handle: position of a library, and the copy of its file that dlopen leaves. */
const [MEMORY_BASE, MEMORY_SIZE, TABLE_BASE, TABLE_SIZE, FILE, FILE_SIZE] = [3, 4, 5, 6, 7, 8];

/** Index in HEAP32 of the slot of CPython's call trampoline. @param {any} module */
export function trampolineSlot(module) {
  return (module.__PyRuntime + module.HEAP32[module.__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET >>> 2]) >>> 2;
}

/**
 * Grow the function table to the same length when a snapshot is made and when it is used.
 *
 * @param {any} module
 * @param {number} length the slot where side modules begin
 */
export function growTable({ wasmTable }, length) {
  if (wasmTable.length > length) throw new Error(`the function table has ${wasmTable.length} slots, at most ${length} are expected`);
  wasmTable.grow(length - wasmTable.length);
}

/** @param {any} module with the table grown @returns {Baseline} */
export function baselineOf({ wasmTable, GOT, LDSO }) {
  const got = Object.fromEntries(Object.entries(GOT).map(([name, global]) => [name, global.value]));
  return { table: wasmTable.length, got, names: new Set(Object.keys(LDSO.loadedLibsByName)) };
}

/**
 * @param {any} module
 * @param {Baseline} baseline
 * @param {{[name: string]: any}} mainExports
 * @returns {Libraries}
 */
export function recordSideModules(module, baseline, mainExports) {
  const libraries = openLibraries(module, baseline);
  const owners = new Map();
  /** @param {{[name: string]: any}} exports @param {number} owner */
  const own = (exports, owner) => {
    for (const [name, value] of Object.entries(exports)) {
      if (typeof value === "function" && !owners.has(value)) owners.set(value, [owner, name]);
    }
  };
  own(mainExports, MAIN);
  libraries.forEach(({ name }, place) => own(module.LDSO.loadedLibsByName[name].exports, place));

  /** @type {{[name: string]: number}} */
  const got = {};
  const named = new Map();
  for (const [name, { value }] of Object.entries(module.GOT)) {
    if (baseline.got[name] !== value) got[name] = value;
    named.set(value, name);
  }
  /** @type {Slot[]} */
  const slots = [];
  for (let slot = baseline.table; slot < module.wasmTable.length; slot++) {
    // When a library is instantiated, it puts its own functions into its range.
    if (libraries.some(({ tableBase, tableSize }) => slot >= tableBase && slot < tableBase + tableSize)) continue;
    const value = module.wasmTable.get(slot);
    if (value === null) continue;
    const [owner, name] = owners.get(value) ?? [IMPORT, named.get(slot)];
    if (name === undefined) throw new Error(`nobody owns the function in table slot ${slot}`);
    slots.push([slot, owner, name]);
  }
  return { table: baseline.table, tableEnd: module.wasmTable.length, libraries, got, slots };
}

/** @param {any} module @param {Baseline} baseline @returns {SideModule[]} */
function openLibraries(module, baseline) {
  const { loadedLibsByHandle, loadedLibsByName } = module.LDSO;
  /** @type {Map<string, SideModule>} */
  const found = new Map();
  for (const [key, { name, refcount, global }] of Object.entries(loadedLibsByHandle)) {
    const handle = Number(key);
    if (handle === 0) continue; // the main module
    const known = found.get(name);
    if (known) {
      known.handles.push(handle);
      continue;
    }
    /** @param {number} word */
    const field = (word) => module.HEAPU32[(handle >>> 2) + word];
    found.set(name, { name, handles: [handle], refcount: refcount === Infinity ? null : refcount, global: Boolean(global),
      memoryBase: field(MEMORY_BASE), memorySize: field(MEMORY_SIZE), tableBase: field(TABLE_BASE), tableSize: field(TABLE_SIZE) });
  }
  const stray = Object.keys(loadedLibsByName).find((name) => !baseline.names.has(name) && !found.has(name));
  if (stray !== undefined) throw new Error(`the library ${stray} has no dlopen handle`);
  return [...found.values()].sort((a, b) => a.tableBase - b.tableBase);
}

/** Free the copy of each library's file that dlopen leaves on the heap: 5 MB for NumPy. @param {any} module @param {Libraries} record */
export function freeLibraryFiles(module, { libraries }) {
  for (const handle of libraries.flatMap(({ handles }) => handles)) {
    const struct = handle >>> 2;
    module._free(module.HEAPU32[struct + FILE]);
    module.HEAPU32[struct + FILE] = module.HEAPU32[struct + FILE_SIZE] = 0;
  }
}

/**
 * Restore the libraries at their old positions. Do not run their relocations, constructors and Python's init functions:
 * the memory that the caller then copies already contains their effects.
 *
 * @param {any} module after its constructors have run, before `main()`
 * @param {Libraries} record
 * @param {Map<string, WebAssembly.Module>} compiled by the library's name
 * @param {number} heapSize bytes
 */
export function restoreSideModules(module, record, compiled, heapSize) {
  const { GOT, LDSO, wasmTable } = module;
  if (module.HEAP8.length < heapSize && !module.growMemory(heapSize)) throw new Error(`${heapSize} bytes of memory cannot be had`);
  wasmTable.grow(record.tableEnd - wasmTable.length);
  for (const [name, value] of Object.entries(record.got)) {
    if (GOT[name]) GOT[name].value = value;
    else GOT[name] = new WebAssembly.Global({ value: "i32", mutable: true }, value);
  }
  const main = LDSO.loadedLibsByName.__main__.exports;
  const exportsOf = record.libraries.map((library) => {
    const code = compiled.get(library.name);
    if (code === undefined) throw new Error(`the library ${library.name} is missing`);
    const exports = instantiate(module, library, code, main);
    const dso = module.newDSO(library.name, undefined, exports);
    dso.global = library.global;
    dso.refcount = library.refcount ?? Infinity;
    for (const handle of library.handles) LDSO.loadedLibsByHandle[handle] = dso;
    if (library.global) module.mergeLibSymbols(exports, library.name);
    return exports;
  });
  for (const [slot, owner, name] of record.slots) {
    const value = owner >= 0 ? exportsOf[owner][name] : main[name];
    if (value === undefined) throw new Error(`table slot ${slot} wants ${name}, which is not there`);
    if (owner === IMPORT) setImport(module, slot, value);
    else wasmTable.set(slot, value);
  }
}

/** @param {any} module @param {SideModule} library @param {WebAssembly.Module} code @param {{[name: string]: any}} main */
function instantiate(module, library, code, main) {
  /** @type {{[name: string]: any}} */
  let exports = {};
  const isThere = (/** @type {string} */ name) => main[name] !== undefined && !main[name].stub;
  /** Look up a symbol at the first call: one that the main module lacks may be the library's own. */
  const later = (/** @type {string} */ name) => {
    /** @type {Function | undefined} */
    let found;
    return (/** @type {any[]} */ ...given) => {
      found ??= isThere(name) ? main[name] : exports[name];
      if (found === undefined) throw new Error(`no library has the symbol ${name}`);
      return found(...given);
    };
  };
  const env = new Proxy(/** @type {{[name: string]: any}} */ ({}), {
    get(made, name) {
      if (typeof name === "symbol") return undefined;
      if (name === "__memory_base") return library.memoryBase;
      if (name === "__table_base") return library.tableBase;
      return isThere(name) ? main[name] : (made[name] ??= later(name));
    },
  });
  const got = new Proxy(module.GOT, {
    get(globals, name) {
      if (!globals[name]) throw new Error(`${library.name} wants the address of ${String(name)}, which is not there`);
      return globals[name];
    },
  });
  const instance = new WebAssembly.Instance(code, { env, wasi_snapshot_preview1: env, "GOT.mem": got, "GOT.func": got });
  exports = module.relocateExports(instance.exports, library.memoryBase);
  return exports;
}

/**
 * Set a slot to an import. The table accepts only WebAssembly functions, so wrap those of JavaScript.
 * @param {any} module @param {number} slot @param {any} value
 */
function setImport(module, slot, value) {
  try {
    module.wasmTable.set(slot, value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    module.wasmTable.set(slot, module.convertJsFunctionToWasm(value, value.sig));
  }
}
