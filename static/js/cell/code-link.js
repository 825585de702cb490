/**
 * A link with a reader's version of a snippet: `#code=` and base64url of compressed JSON. The code is shown as text,
 * and as a difference. It never runs by itself. The reader's own version is stored before it is replaced
 * (docs/safety.md).
 *
 * @typedef {{label: string, base: string, code: string}} LinkedCode `base`: fingerprint of the book's text that it changes
 * @import { CodeField } from "./code-field.js"
 */
import { button, make } from "../elements.js";
import { loadSheet } from "../sheet.js";
import { chunksOf, Refused } from "../study/file.js";
import { inDigits, translate } from "../words.js";

const START = "#code=";
/** Characters of the fragment: some programs cut longer addresses. */
const MAX_LINK = 8_000;
/** Bytes of the JSON. */
const MAX_UNPACKED = 64_000;
/** Pairs of lines to compare; larger changes are shown as all lines. */
const MAX_PAIRS = 1_000_000;
/** Unchanged lines shown on either side of a change. */
const AROUND = 3;
/** Characters that hide what code does. */
const INVISIBLE = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u2800\u{1d159}]|[\p{Cf}\p{Default_Ignorable_Code_Point}]/u;
/** Exceptions: joiners and variation selectors that change visible text, in Indic and Arabic scripts and in emoji. */
const JOINED =
  /(?<=\p{M})[\u200c\u200d]|[\u200c\u200d](?=\p{M})|(?<=\p{scx=Arab})\u200c(?=\p{scx=Arab})|(?<=[\p{ExtPict}\p{EMod}])\u200d(?=\p{ExtPict})|(?<=\p{ExtPict})\ufe0f/gu;

/* Links */

/**
 * @param {HTMLAnchorElement} place the snippet's own link
 * @param {LinkedCode} linked
 * @returns {Promise<string>}
 * @throws {Refused} if no link can carry it
 */
export async function linkTo({ href }, linked) {
  const address = new URL(href);
  const packed = new Blob([JSON.stringify(linked)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  address.search = "";
  address.hash = START + text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  await readLink(address.hash);
  return address.href;
}

/** @param {string} hash @returns {Promise<LinkedCode>} @throws {Refused} */
async function readLink(hash) {
  const limits = { link: inDigits(MAX_LINK), unpacked: inDigits(MAX_UNPACKED) };
  const tooLong = () => new Refused(translate("The code is too long for a link: {link} characters, or {unpacked} before compression, are the limit.", limits));
  if (hash.length > MAX_LINK) throw tooLong();
  let linked;
  try {
    const text = atob(hash.slice(START.length).replaceAll("-", "+").replaceAll("_", "/"));
    const packed = new Blob([Uint8Array.from(text, (letter) => letter.charCodeAt(0))]).stream();
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let [json, bytes] = ["", 0];
    for await (const chunk of chunksOf(packed.pipeThrough(new DecompressionStream("deflate-raw")))) {
      bytes += chunk.length;
      if (bytes > MAX_UNPACKED) throw tooLong();
      json += decoder.decode(chunk, { stream: true });
    }
    linked = JSON.parse(json + decoder.decode());
  } catch (error) {
    if (error instanceof Refused) throw error;
  }
  if (![linked?.label, linked?.base, linked?.code].every((each) => typeof each === "string")) {
    throw new Refused(translate("The link is damaged or incomplete. Nothing has changed."));
  }
  if (INVISIBLE.test(linked.code.replace(JOINED, ""))) throw new Refused(translate("The code contains invisible characters that could hide what it does. Links do not carry them."));
  return { label: linked.label, base: linked.base, code: linked.code };
}

/** Open the link in the address, and remove it from the address. */
export async function openLink() {
  const { hash } = location;
  if (!hash.startsWith(START)) return; // already opened: a change of address while the page starts is noticed twice
  const leave = (/** @type {string} */ fragment) => history.replaceState(history.state, "", location.pathname + location.search + fragment);
  leave("");
  await loadSheet("study.css");
  try {
    const linked = await readLink(hash);
    const cells = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("section.snippet[data-cell]")]);
    const section = cells.find(({ dataset }) => dataset.cell === linked.label);
    if (section === undefined) {
      throw new Refused(translate("The link has code for a snippet that is not on this page: {label}. This edition may have no such snippet.", { label: linked.label.slice(0, 80) }));
    }
    leave(`#${section.id}`);
    section.dispatchEvent(new CustomEvent("linked-code", { detail: linked }));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const notice = noticeOf("refused", error.message);
    notice.append(button(translate("Close"), () => notice.remove()));
    document.querySelector("main")?.prepend(notice);
    notice.focus();
  }
}

/* Notices */

/** @param {string} name @param {string} sentence */
function noticeOf(name, sentence) {
  return make("div", { className: `other-tab ${name}`, role: "group", ariaLabel: sentence, tabIndex: -1 }, make("p", {}, sentence));
}

/** @param {HTMLElement} section @param {CodeField} field @param {LinkedCode} linked */
export function offerLinked(section, field, linked) {
  section.querySelector(".linked-offer")?.remove();
  const isSame = linked.code === field.text;
  const notice = noticeOf("linked-offer", isSame ? translate("The link has the code that is here already.") : translate("The link has other code for this snippet. It has not run."));
  const said = make("p", { role: "status" });
  const close = () => {
    notice.remove();
    section.querySelector("button")?.focus();
  };
  const use = button(translate("Use it"), async () => {
    if (await field.takeLinked(linked)) close();
    else said.textContent = translate("This browser does not store your own version, so it stays.");
  });
  const discard = button(isSame ? translate("Close") : translate("Discard"), close);
  if (!isSame) {
    if (linked.base !== field.bookPrint) notice.append(make("p", {}, translate("It was made for another edition of this snippet.")));
    notice.append(differences(field.text, linked.code), use);
  }
  notice.append(discard, said);
  section.querySelector(".source")?.before(notice);
  notice.focus();
}

/** @param {HTMLElement} section @param {CodeField} field */
export function showOrigin(section, field) {
  const isLinked = field.linked !== "";
  const hasOwn = field.own.length > 0;
  const name = isLinked ? translate("Code from a link") : translate("Edited by you");
  const mark = section.querySelector(".mark")?.firstChild;
  if (mark) mark.textContent = `${name} `;
  section.querySelector(".linked-from")?.remove();
  if (!isLinked && !hasOwn) return;
  const notice = noticeOf("linked-from", isLinked ? translate("Code from a link, not the book’s and not yours.") : translate("Your earlier version is stored."));
  if (hasOwn) notice.append(button(translate("Back to my version"), () => field.takeBack()));
  section.querySelector(".source")?.before(notice);
}

/* Differences */

/** @param {string} mine @param {string} theirs */
function differences(mine, theirs) {
  const ariaLabel = translate("Difference: lines that go and lines that come");
  const place = make("pre", { className: "code", tabIndex: 0, role: "group", ariaLabel });
  for (const [sign, lines] of changesOf(mine.split("\n"), theirs.split("\n"))) {
    if (sign === " " && lines.length > 2 * AROUND) lines.splice(AROUND, lines.length - 2 * AROUND, "⋯");
    const name = sign === "-" ? "del" : sign === "+" ? "ins" : "span";
    place.append(make(name, {}, ...lines.map((line) => `${sign} ${line}\n`)));
  }
  return place;
}

/**
 * Runs of unchanged (" "), removed ("-") and added ("+") lines, by the longest common subsequence.
 *
 * @param {string[]} from @param {string[]} to
 */
function changesOf(from, to) {
  /** @type {[" " | "-" | "+", string[]][]} */
  const runs = [];
  const add = (/** @type {" " | "-" | "+"} */ sign, /** @type {string} */ line) => {
    const last = runs.at(-1);
    if (last?.[0] === sign) last[1].push(line);
    else runs.push([sign, [line]]);
  };
  const width = to.length + 1;
  const isSmall = from.length * to.length <= MAX_PAIRS;
  const common = new Uint32Array(isSmall ? (from.length + 1) * width : 0); // longest common length from each pair on
  const at = (/** @type {number} */ i, /** @type {number} */ j) => common[i * width + j];
  for (let i = from.length - 1; isSmall && i >= 0; i--) {
    for (let j = to.length - 1; j >= 0; j--) {
      common[i * width + j] = from[i] === to[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    if (isSmall && i < from.length && from[i] === to[j]) {
      add(" ", from[i++]);
      j += 1;
    } else if (j === to.length || (i < from.length && (!isSmall || at(i + 1, j) >= at(i, j + 1)))) {
      add("-", from[i++]);
    } else {
      add("+", to[j++]);
    }
  }
  return runs;
}
