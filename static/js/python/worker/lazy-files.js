/**
 * Files in Python's file system (Emscripten's MEMFS). Some are written at once, others are fetched when opened. An
 * interpreter from a snapshot expects all of them.
 *
 * @import { Entry, Places } from "./packs.js"
 */
import { readPackage } from "./packs.js";

/** Placeholder for bytes that have not been fetched. */
const PENDING = new Uint8Array(0);
const FILE_MODE = 0o100644;
const INPUT_OUTPUT_ERROR = 29; // EIO, as Emscripten numbers it
const UNFETCHED = "it could not be fetched"; // widgets/engine/failure.py reads it

/** @param {any} fs @param {Entry[]} entries @param {Uint8Array} pack */
export function layFiles(fs, entries, pack) {
  for (const [path, offset, length] of entries) {
    const node = createFile(fs, path, length);
    if (node) node.contents = pack.subarray(offset, offset + length);
  }
}

/**
 * @param {any} fs
 * @param {Record<string, Entry[]>} packs
 * @param {(pack: string) => Uint8Array} read called when a file of a pack is first opened; must answer synchronously
 */
export function layLater(fs, packs, read) {
  for (const [name, entries] of Object.entries(packs)) {
    /** @type {Uint8Array | undefined} */
    let pack;
    for (const [path, offset, length] of entries) {
      const node = createFile(fs, path, length);
      layPending(node, () => {
        pack ??= readOrRefuse(fs, read, name);
        node.contents = pack.subarray(offset, offset + length);
      });
    }
  }
}

/** @type {any} */
let streamOps;

/** Make a file that is fetched when opened. @param {any} node or null @param {() => void} fill */
function layPending(node, fill) {
  if (!node) return;
  node.contents = PENDING;
  node.fill = fill;
  streamOps ??= { ...node.stream_ops, open: fillOnce };
  node.stream_ops = streamOps;
}

/**
 * Represent packages by their folders: the first look into a folder fetches all files of the package.
 *
 * @param {any} fs
 * @param {Record<string, Places>} packages
 * @param {(pack: string) => Uint8Array} read
 */
export function layPackages(fs, packages, read) {
  for (const [name, { folders, files }] of Object.entries(packages)) {
    const nodes = folders.map((folder) => folderOf(fs, folder));
    const fetch = () => {
      const pack = readPackage(readOrRefuse(fs, read, `${name}.pack`));
      for (const node of nodes) unwatch(node, fetch);
      layFiles(fs, pack.files, pack.data);
      layLater(fs, { [`${name}-source.pack`]: pack.sources }, read);
    };
    for (const node of nodes) watch(fs, node, fetch);
    for (const [path, length] of files) layPending(createFile(fs, path, length), fetch);
  }
}

/**
 * Create files only at the first look into one of the folders, because most starts do not need a thousand files.
 *
 * @param {any} fs
 * @param {string[]} folders
 * @param {() => void} lay
 */
export function layWhenSought(fs, folders, lay) {
  const nodes = folders.map((folder) => folderOf(fs, folder));
  const layOnce = () => {
    for (const node of nodes) unwatch(node, layOnce);
    lay();
  };
  for (const node of nodes) watch(fs, node, layOnce);
}

/**
 * Call `fetch` before a folder is read. Packages may share a folder.
 * @param {any} fs @param {any} node @param {() => void} fetch
 */
function watch(fs, node, fetch) {
  node.fetches ??= new Set();
  node.fetches.add(fetch);
  if (node.fetches.size > 1) return;
  const own = (node.ownOps = node.node_ops);
  const fetchAll = () => {
    for (const each of node.fetches) each();
  };
  node.node_ops = {
    ...own,
    lookup: (/** @type {any} */ parent, /** @type {string} */ name) => (fetchAll(), fs.lookupNode(parent, name)),
    readdir: (/** @type {any} */ parent) => (fetchAll(), own.readdir(parent)),
  };
}

/** @param {any} node @param {() => void} fetch */
function unwatch(node, fetch) {
  node.fetches.delete(fetch);
  if (node.fetches.size === 0) node.node_ops = node.ownOps;
}

/**
 * Read a pack; without the network, raise an OSError in Python.
 * @param {any} fs @param {(pack: string) => Uint8Array} read @param {string} name
 */
function readOrRefuse(fs, read, name) {
  try {
    return read(name);
  } catch {
    const refusal = new fs.ErrnoError(INPUT_OUTPUT_ERROR);
    refusal.toString = () => UNFETCHED; // worded like a failed import of a library
    throw refusal;
  }
}

/** @param {any} stream */
function fillOnce({ node }) {
  if (node.contents === PENDING) node.fill();
}

/**
 * Create a file of a given length; null if it already exists.
 * @param {any} fs @param {string} path @param {number} length
 */
function createFile(fs, path, length) {
  const cut = path.lastIndexOf("/");
  const folder = folderOf(fs, path.slice(0, cut));
  const name = path.slice(cut + 1);
  const there = folder.contents[name];
  if (there) return there.contents === PENDING ? there : null;
  const node = fs.filesystems.MEMFS.createNode(folder, name, FILE_MODE, 0);
  node.usedBytes = length;
  return node;
}

/** @type {WeakMap<any, Map<string, any>>} */
const folders = new WeakMap();

/** @param {any} fs @param {string} path */
function folderOf(fs, path) {
  let known = folders.get(fs);
  if (known === undefined) folders.set(fs, (known = new Map()));
  let folder = known.get(path);
  if (folder === undefined) {
    fs.mkdirTree(path);
    folder = fs.lookupPath(path).node;
    known.set(path, folder);
  }
  return folder;
}
