/**
 * The file with all of a reader's work: JSON Lines, compressed with gzip. The first line is a header,
 * `{"format", "version", "book"}`. Events (events.js) follow, then values from ../store.js, as
 * `{"stored": "KIND:LABEL", "value"}`. Version 1, until edition 0.2, was one JSON object of values, including code,
 * which is now among the events. A file is accepted or refused completely, because anyone can write one.
 *
 * @import { StudyEvent } from "./events.js"
 * @typedef {Record<string, unknown>} Values by KIND:LABEL
 * @typedef {{book: string | null, events: StudyEvent[], values: Values}} Work `book`: null if the file does not name it
 */
import { inDigits, translate } from "../words.js";
import { canonical, eventOf, isCode, isEvent, versionOf } from "./events.js";

const FORMAT = "latentbook-work";
const VERSION = 2;
const MAX_BYTES = 64_000_000;
const MAX_LINES = 300_000;
const MAX_LINE = 1_000_000;
/** @param {unknown[]} values */
const areTexts = (...values) => values.every((value) => typeof value === "string");

/** Checks of values from ../store.js, by kind. @type {Map<string, (value: any) => boolean>} */
const VALUES = new Map([
  ["code", isCode],
  ["own", (versions) => Array.isArray(versions) && versions.every(isCode)],
  ["output", ({ code, pieces }) => areTexts(code) && Array.isArray(pieces) && pieces.every((piece) => Array.isArray(piece) && areTexts(...piece))],
  ["kept", (value) => areTexts(value)],
  ["theme", (value) => value === "light" || value === "dark"],
  ["place", ({ path, name }) => areTexts(path, name) && /^([\w.-][\w./%-]*)?(#\S*)?$/.test(path)], // an address inside the book
  ["read", ({ edition, digest }) => areTexts(edition, digest)],
  ["setting", (value) => typeof value === "boolean"],
  ["tabs", (value) => areTexts(value)],
]);

/** Whether a file may contain a value. @param {string} name KIND:LABEL @param {unknown} value */
export function isValue(name, value) {
  const isOne = VALUES.get(name.split(":", 1)[0]);
  return isOne !== undefined && name.length <= 200 && value !== null && value !== undefined && isOne(value);
}

/** Keys that would modify objects themselves. */
const REFUSED_KEYS = ["__proto__", "constructor", "prototype"];

/** The refusal of a file; its message is a sentence for the reader. */
export class Refused extends Error {}

/* Writing */

/** @param {Work} work @returns {string} */
export function linesOf({ book, events, values }) {
  const stored = Object.keys(values).sort().map((key) => ({ stored: key, value: values[key] }));
  return [{ format: FORMAT, version: VERSION, book }, ...events, ...stored].map((each) => `${canonical(each)}\n`).join("");
}

/** @param {Work} work @returns {Promise<Blob>} */
export function fileOf(work) {
  const compressed = new Blob([linesOf(work)]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(compressed, { headers: { "Content-Type": "application/gzip" } }).blob();
}

/* Reading */

/**
 * @param {Blob} file
 * @param {string} book its id
 * @returns {Promise<Work>}
 * @throws {Refused}
 */
export async function readFile(file, book) {
  const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const isCompressed = start[0] === 0x1f && start[1] === 0x8b;
  const unpacked = isCompressed ? file.stream().pipeThrough(new DecompressionStream("gzip")) : file.stream();
  const reader = new WorkReader(book);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let bytes = 0;
  try {
    for await (const chunk of chunksOf(unpacked)) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) throw new Refused(translate("The file has more than {bytes} MB, which is the limit.", { bytes: MAX_BYTES / 1e6 }));
      reader.push(decoder.decode(chunk, { stream: true }));
    }
    reader.push(decoder.decode());
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(translate("The file is damaged or incomplete: {why}", { why: String(error) }));
  }
  return reader.end();
}

/** The chunks of a stream; Safari cannot iterate over one. @param {ReadableStream<Uint8Array>} stream */
export async function* chunksOf(stream) {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    reader.cancel().catch(() => {}); // stops decompression
  }
}

/** Reads the text of a file piece by piece. */
export class WorkReader {
  #lines = 0;
  #rest = "";
  /** The lines of a version 1 file, which is a single object. @type {string[] | null} */
  #old = null;
  /** @type {Work} */
  #work = { book: null, events: [], values: {} };

  /** @param {string} book its id */
  constructor(book) {
    this.book = book;
  }

  /** @param {string} text @throws {Refused} */
  push(text) {
    for (const [i, part] of text.split("\n").entries()) {
      if (i > 0) this.#line(this.#rest);
      this.#rest = i > 0 ? part : this.#rest + part;
      this.#checkLength(this.#rest, this.#lines + 1);
    }
  }

  /** @returns {Work} @throws {Refused} */
  end() {
    if (this.#rest !== "" || this.#lines === 0) this.#line(this.#rest);
    if (this.#old !== null) this.#readOld(this.#old.join("\n"));
    return this.#work;
  }

  /** @param {string} line */
  #line(line) {
    this.#lines += 1;
    if (this.#lines > MAX_LINES) {
      throw new Refused(translate("The file has more than {count} lines, which is the limit.", { count: inDigits(MAX_LINES) }));
    }
    if (this.#lines === 1 && (line === "{" || line === "{}")) this.#old = [];
    if (this.#old !== null) return void this.#old.push(line);
    const read = this.#parse(line);
    if (this.#lines === 1) this.#readHeader(read);
    else if (Object.hasOwn(read, "stored")) this.#readValue(read.stored, read.value);
    else this.#addEvent(read);
  }

  /** @param {unknown} event */
  #addEvent(event) {
    if (!isEvent(event)) throw this.#unreadable();
    this.#work.events.push(event);
  }

  /** @param {string} text @param {number} line */
  #checkLength(text, line) {
    if (text.length <= MAX_LINE) return;
    const limit = inDigits(MAX_LINE);
    throw new Refused(translate("Line {line} of the file has more than {limit} characters, which is the limit.", { line, limit }));
  }

  #unreadable() {
    return new Refused(translate("Line {line} of the file cannot be read. Only files that this book has saved are accepted.", { line: this.#lines }));
  }

  /** @param {string} text @returns {Record<string, any>} */
  #parse(text) {
    try {
      const value = JSON.parse(text, (key, value) => {
        if (REFUSED_KEYS.includes(key)) throw new SyntaxError(`the key ${key} is not accepted`);
        return value;
      });
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
    } catch {
      // It is not JSON, or is nested too deeply.
    }
    throw this.#unreadable();
  }

  /** @param {Record<string, any>} header */
  #readHeader({ format, version, book }) {
    if (format !== FORMAT || !Number.isSafeInteger(version)) throw this.#unreadable();
    if (version > VERSION) {
      const versions = { version, newest: VERSION };
      throw new Refused(translate("The file has version {version}; this edition of the book reads up to {newest}. Reload the page for a newer edition.", versions));
    }
    if (book !== this.book) {
      throw new Refused(translate("The file is from the book “{other}”; this one is “{book}”.", { other: String(book), book: this.book }));
    }
    this.#work.book = book;
  }

  /** @param {unknown} name @param {unknown} value */
  #readValue(name, value) {
    if (typeof name !== "string" || !isValue(name, value)) throw this.#unreadable();
    if (name.startsWith("code:")) this.#addEvent(versionOf(name.slice("code:".length), /** @type {any} */ (value)));
    else this.#work.values[name] = value;
  }

  /** Read version 1: an object of values, including answers. @param {string} text */
  #readOld(text) {
    for (const [name, value] of Object.entries(this.#parse(text))) {
      const kind = name.split(":", 1)[0];
      if (kind === "class" || value === null) continue; // from a past class, or not the book's
      if (kind === "quiz") this.#addEvent(eventOf(name.slice("quiz:".length), /** @type {any} */ (value)));
      else this.#readValue(name, value);
    }
  }
}
