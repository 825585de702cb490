/**
 * The output of a run, from the worker to the page. Lines are batched into few messages. Output that is too long for a
 * page is cut.
 */

/** Limits per run: any more is counted, not sent. */
export const MAX_CHARACTERS = 200_000;
export const MAX_LINES = 5_000;

/** Maximum bytes to decode from one write. */
const MAX_BYTES = 4 * MAX_CHARACTERS;

const NEWLINE = 10;
const WINDOW_MS = 50;
const POSTS_A_WINDOW = 4;

/**
 * @typedef {"stdout" | "stderr" | "note"} StreamName
 * @typedef {(name: StreamName, text: string) => void} Send
 */
export class Output {
  #send;
  /** @type {StreamName} */
  #name = "stdout";
  #text = "";
  #characters = 0;
  #lines = 0;
  #cutCharacters = 0;
  #cutLines = 0;
  #windowStart = -Infinity;
  #posts = 0;
  #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };

  /** @param {Send} send */
  constructor(send) {
    this.#send = send;
  }

  /**
   * Accept output from Python.
   *
   * @param {"stdout" | "stderr"} name
   * @param {Uint8Array} bytes
   * @returns {number} the number of bytes accepted: all
   */
  write(name, bytes) {
    const head = this.#cutCharacters > 0 ? 0 : Math.min(bytes.length, MAX_BYTES);
    if (head > 0) this.#add(name, this.#decoders[name].decode(bytes.subarray(0, head), { stream: true }));
    this.#skip(bytes, head);
    return bytes.length;
  }

  /** Send the rest of a run's output, and report how much was cut. */
  finish() {
    this.#flush();
    if (this.#cutCharacters > 0) {
      this.#send("note", `${this.#cutLines} ${this.#cutCharacters}`);
    }
    this.#characters = this.#lines = this.#cutCharacters = this.#cutLines = 0;
    this.#decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  }

  /** Count output that is not shown. @param {Uint8Array} bytes @param {number} from */
  #skip(bytes, from) {
    for (let at = from; at < bytes.length; at++) {
      if (bytes[at] === NEWLINE) this.#cutLines += 1;
      if ((bytes[at] & 0xc0) !== 0x80) this.#cutCharacters += 1; // not inside a character
    }
  }

  /** @param {"stdout" | "stderr"} name @param {string} text */
  #add(name, text) {
    const kept = this.#within(text);
    const cut = text.length - kept.length;
    if (kept !== "") {
      if (name !== this.#name) {
        this.#flush();
        this.#lines += 1; // it becomes a separate element
      }
      this.#name = name;
      this.#text += kept;
      this.#characters += kept.length;
      this.#lines += newlines(kept);
      if (this.#mayPost()) this.#flush();
    }
    if (cut === 0) return;
    if (this.#cutCharacters === 0) this.#flush(); // no later output would trigger this
    this.#cutCharacters += cut;
    this.#cutLines += newlines(text) - newlines(kept);
  }

  /** The part of a text within the run's limit. @param {string} text */
  #within(text) {
    let end = Math.min(text.length, MAX_CHARACTERS - this.#characters);
    for (let at = 0, left = MAX_LINES - this.#lines; left >= 0; left--) {
      if (left === 0) return text.slice(0, Math.min(end, at));
      const next = text.indexOf("\n", at);
      if (next < 0 || next >= end) break;
      at = next + 1;
    }
    return text.slice(0, end);
  }

  /** Whether to send at once: true for the first few writes, so that a slow run shows each line; a flood is batched. */
  #mayPost() {
    const now = performance.now();
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#posts = 0;
    }
    this.#posts += 1;
    return this.#posts <= POSTS_A_WINDOW;
  }

  #flush() {
    if (this.#text !== "") this.#send(this.#name, this.#text);
    this.#text = "";
  }
}

/** @param {string} text */
function newlines(text) {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
