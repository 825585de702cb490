/**
 * Storage of snapshots between visits: the origin's private file system, in a folder for this book. Reader's code cannot
 * reach it, because the worker removes `navigator` before that code runs.
 *
 * A file is written under a temporary name and then moved, so that any file with a version's name is complete. A
 * failure is not an error: the next start uses the files instead.
 *
 * @typedef {{size: number, read: (into: Uint8Array<ArrayBuffer>, at: number) => void, close: () => void}} Stored
 *   `read` fills an array from an offset, synchronously.
 */

/** @typedef {{base: string, version: string}} Version of the runtime; `base`: URL of its folder */

/** @param {Version} version */
const nameOf = ({ version }) => `${version}.snapshot`;

/** The book's folder. @param {Version} version @param {boolean} create */
async function openFolder({ base }, create) {
  const root = await navigator.storage.getDirectory();
  const place = new URL(base).pathname.replace(/^\/|\/$/g, "");
  return root.getDirectoryHandle(`python ${encodeURIComponent(place)}`, { create });
}

/**
 * @param {Version} version
 * @returns {Promise<Stored | null>} to be closed after reading; null if there is none, or this browser stores none
 */
export async function openStored(version) {
  /** @type {any} TypeScript's DOM types lack createSyncAccessHandle() and move() */
  let file;
  try {
    file = await (await openFolder(version, false)).getFileHandle(nameOf(version));
  } catch {
    return null; // the first visit, or a private window
  }
  try {
    // This takes half as long as getFile(), and the mode lets other tabs read too.
    const access = await file.createSyncAccessHandle({ mode: "read-only" });
    return { size: access.getSize(), read: (into, at) => access.read(into, { at }), close: () => access.close() };
  } catch {
    return storedIn(new Uint8Array(await (await file.getFile()).arrayBuffer()));
  }
}

/** A file read completely. @param {Uint8Array} bytes @returns {Stored} */
export function storedIn(bytes) {
  return { size: bytes.length, read: (into, at) => into.set(bytes.subarray(at, at + into.length)), close: () => {} };
}

/**
 * Store the snapshot of this version, and remove those of others.
 *
 * @param {Version} version
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export async function store(version, bytes) {
  const name = nameOf(version);
  const folder = await openFolder(version, true);
  await removeAllBut(folder, name);
  const partial = `${name}.partial`;
  /** @type {any} */
  const file = await folder.getFileHandle(partial, { create: true });
  const access = await file.createSyncAccessHandle();
  try {
    access.truncate(0);
    const written = access.write(bytes, { at: 0 });
    if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes could be stored`);
    access.flush();
  } finally {
    access.close();
  }
  await file.move(folder, name); // WebKit supports only this form
}

/** @param {FileSystemDirectoryHandle} folder @param {string} name */
async function removeAllBut(folder, name) {
  const entries = /** @type {any} */ (folder).keys();
  for await (const key of entries) {
    if (key !== name) await folder.removeEntry(key).catch(() => {}); // in use by another tab: the next visit removes it
  }
}
