/**
 * Search results, best first. Greek letters in formulas are found by their names; sections rank above their contents.
 *
 * @typedef {{id: number, kind: string, number: string, url: string, place: string, title: string, text: string}} Entry
 *   A part of the book; `url` is relative to the root, `place` is its section ("2.4 Variational autoencoders").
 * @typedef {import("minisearch").SearchResult & Entry} Found
 */
import MiniSearch from "minisearch";

/** A section on a topic ranks above a snippet that uses it, and above its definition. @type {Record<string, number>} */
const WEIGHTS = { Chapter: 2, Section: 2, Heading: 1.5, Snippet: 0.5, Question: 0.5, Evidence: 0.5, Term: 0.25 };

const GREEK = `alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ pi π rho ρ
  sigma σ tau τ upsilon υ phi φ chi χ psi ψ omega ω`.split(/\s+/);
/** @type {Map<string, string>} */
const NAMES = new Map([["ϕ", "phi"], ["ϵ", "epsilon"], ["ς", "sigma"]]);
for (let i = 0; i < GREEK.length; i += 2) NAMES.set(GREEK[i + 1], GREEK[i]);

/** Words, and numbers including their points. @param {string} text */
const tokenize = (text) => text.match(/\d+(?:\.\d+)+|[\p{L}\p{N}\p{M}]+/gu) ?? [];

/** Normalise a word: no accents, Greek letters by name, no plural. @param {string} word */
function normalForm(word) {
  const plain = word.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
  const named = plain.replace(/[α-ωϕϵ]/g, (letter) => NAMES.get(letter) ?? letter);
  return named.length > 3 ? named.replace(/(?<![sui])s$/, "") : named;
}

/** @param {Entry[]} entries @returns {MiniSearch<Entry>} */
export function indexOf(entries) {
  const index = new MiniSearch({
    fields: ["number", "title", "text"],
    storeFields: ["kind", "number", "url", "place", "title", "text"],
    tokenize,
    processTerm: normalForm,
    searchOptions: {
      boost: { number: 8, title: 3 },
      boostDocument: (_id, _term, stored) => WEIGHTS[/** @type {any} */ (stored).kind] ?? 1,
      prefix: true,
      fuzzy: 0.15,
    },
  });
  index.addAll(entries);
  return index;
}

/**
 * @param {MiniSearch<Entry>} index
 * @param {string} words
 * @returns {{found: Found[], all: boolean}} `all`: each contains all words; otherwise none does, and each contains some
 */
export function find(index, words) {
  const all = index.search(words, { combineWith: "AND" });
  const found = all.length > 0 ? all : index.search(words, { combineWith: "OR" });
  return { found: /** @type {Found[]} */ (found), all: all.length > 0 };
}
