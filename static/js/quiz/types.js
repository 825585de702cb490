/**
 * What a kind of question offers, and what is remembered of an answer.
 *
 * @typedef {"open" | "wrong" | "right" | "shown"} State
 * @typedef {{answer: string, state: State, attempts: number}} Memory
 * @typedef {{state: "right" | "wrong", said: Node[]} | {state: "unread", said: Node[]}} Reply
 *   `unread`: what came is no answer, and does not count as an attempt
 * @typedef {object} Kind how one kind of question is answered
 * @property {string} answer
 * @property {(signal: AbortSignal) => Promise<Reply>} check
 * @property {() => void} clear
 * @property {(react: () => void) => void} changed
 * @property {() => void} [showVerdict] marks the answer that was given as right or wrong
 * @property {(memory: Memory) => string} [verdict] where "Right." and "Not yet." would not do
 * @property {boolean} [final] whether one answer is all there is, until the reader starts over
 * @property {boolean} [saves] whether the answer is saved with each edit, and not by the question
 * @property {string} [doing] what a check is at
 * @property {() => void} [destroy]
 * @typedef {new (section: HTMLElement, key: any) => Kind} KindOf the default export of `block.js` in a kind's folder
 */
export {};
