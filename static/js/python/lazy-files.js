/**
 * Files in Python's file system (Emscripten's MEMFS): some laid at once, some whose bytes come when somebody opens them. An
 * interpreter that comes out of a snapshot believes in all of them.
 *
 * @typedef {import("./packs.js").Entry} Entry
 */

/** Stands for bytes that have not come yet. */
const PENDING = new Uint8Array(0);
const FILE_MODE = 0o100644;
const INPUT_OUTPUT_ERROR = 29; // EIO, as Emscripten numbers it

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
    /** @type {any} */
    let streamOps;
    for (const [path, offset, length] of entries) {
      const node = createFile(fs, path, length);
      if (!node) continue;
      node.contents = PENDING;
      node.fill = () => {
        pack ??= readOrRefuse(fs, read, name);
        node.contents = pack.subarray(offset, offset + length);
      };
      streamOps ??= { ...node.stream_ops, open: fillOnce };
      node.stream_ops = streamOps;
    }
  }
}

/** Without the network Python sees an OSError. @param {any} fs @param {(pack: string) => Uint8Array} read @param {string} name */
function readOrRefuse(fs, read, name) {
  try {
    return read(name);
  } catch {
    throw new fs.ErrnoError(INPUT_OUTPUT_ERROR);
  }
}

/** @param {any} stream */
function fillOnce({ node }) {
  if (node.contents === PENDING) node.fill();
}

/** A node of the size, or null where there is one of that name. @param {any} fs @param {string} path @param {number} length */
function createFile(fs, path, length) {
  const cut = path.lastIndexOf("/");
  const folder = folderOf(fs, path.slice(0, cut));
  const name = path.slice(cut + 1);
  if (folder.contents[name]) return null;
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
