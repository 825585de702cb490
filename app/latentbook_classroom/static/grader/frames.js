/**
 * Frames on stdin and stdout, read and written synchronously:
 *
 *     kind (1 byte), length of the JSON (4, little-endian), length of the raw bytes (4), JSON, raw bytes
 *
 * app/latentbook_classroom/grader lists the kinds.
 */
import { deno } from "./scope.js";

const HEAD = 9;
// Reader's code can replace prototypes, but only those of its own interpreter: nothing here protects another one.
const encode = TextEncoder.prototype.encode.bind(new TextEncoder());
const { stdin, stdout, exit } = deno;

/** @param {number} length */
function readExactly(length) {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const count = stdin.readSync(bytes.subarray(at));
    if (count === null) exit(0); // the grader has ended
    at += count;
  }
  return bytes;
}

/** A file that the grader sends before the first frame: its length and its bytes. */
export function readFile() {
  const { buffer } = readExactly(4);
  return readExactly(new DataView(buffer).getUint32(0, true));
}

export function readFrame() {
  const head = readExactly(HEAD);
  const view = new DataView(head.buffer);
  const body = readExactly(view.getUint32(1, true) + view.getUint32(5, true));
  const frame = new Uint8Array(HEAD + body.length);
  frame.set(head);
  frame.set(body, HEAD);
  return frame;
}

/** @param {Uint8Array} frame */
export function writeFrame(frame) {
  for (let at = 0; at < frame.length; ) at += stdout.writeSync(frame.subarray(at));
}

/** @param {string} kind @param {unknown} value */
export function writeJson(kind, value) {
  const json = encode(JSON.stringify(value));
  const frame = new Uint8Array(HEAD + json.length);
  frame[0] = kind.charCodeAt(0);
  new DataView(frame.buffer).setUint32(1, json.length, true);
  frame.set(json, HEAD);
  writeFrame(frame);
}

/** A file of the runtime, which the grader sends when something in it is opened. @param {string} pack */
export function readPack(pack) {
  writeJson("F", { pack });
  return readFrame().subarray(HEAD);
}
