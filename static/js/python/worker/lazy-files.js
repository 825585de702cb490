/**
 * Files in Python's file system (Emscripten's MEMFS): some laid at once, some whose bytes come when somebody opens them. An
 * interpreter that comes out of a snapshot believes in all of them.
 *
 * @typedef {import("./packs.js").Entry} Entry
 * @typedef {import("./packs.js").Places} Places
 */
import { readPackage } from "./packs.js";

/** Stands for bytes that have not come yet. */
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
 * @param {(pack: string) => Uint8Array} read called at the first opening of a file of a pack, and must answer at once
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

/** A file whose bytes come when it is opened. @param {any} node or null @param {() => void} fill */
function layPending(node, fill) {
  if (!node) return;
  node.contents = PENDING;
  node.fill = fill;
  streamOps ??= { ...node.stream_ops, open: fillOnce };
  node.stream_ops = streamOps;
}

/**
 * Packages of which only the folders stand there: all files of one come when somebody looks into a folder of it.
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
 * Puts off the laying until somebody looks into one of the folders: a start that imports nothing has no use for a thousand files.
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

/** Calls `fetch` before the content of a folder is asked for. Packages may share one. @param {any} fs @param {any} node @param {() => void} fetch */
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

/** Without the network Python sees an OSError. @param {any} fs @param {(pack: string) => Uint8Array} read @param {string} name */
function readOrRefuse(fs, read, name) {
  try {
    return read(name);
  } catch {
    const refusal = new fs.ErrnoError(INPUT_OUTPUT_ERROR);
    refusal.toString = () => UNFETCHED; // in the words of an import of a library
    throw refusal;
  }
}

/** @param {any} stream */
function fillOnce({ node }) {
  if (node.contents === PENDING) node.fill();
}

/** A node of the size, or null where a file of that name is already. @param {any} fs @param {string} path @param {number} length */
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
