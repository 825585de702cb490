/**
 * The interface of a kind of question, and the stored data of an answer.
 *
 * @typedef {"open" | "wrong" | "right" | "shown"} State
 * @typedef {{answer: string, state: State, attempts: number}} Memory
 * @typedef {{state: "right" | "wrong", said: Node[]} | {state: "unread", said: Node[]}} Reply
 *   `unread`: the input is not an answer, and does not count as an attempt
 * @typedef {object} Kind behaviour of one kind of question
 * @property {string} answer
 * @property {(signal: AbortSignal) => Promise<Reply>} check
 * @property {() => void} clear
 * @property {(react: () => void) => void} changed
 * @property {() => void} [showVerdict] marks the reader's answer as right or wrong
 * @property {(memory: Memory) => string} [verdict] replaces "Right." and "Not yet." if they do not fit
 * @property {boolean} [final] whether only one answer is possible until the reader starts over
 * @property {boolean} [saves] whether each edit saves the answer, so that the question need not
 * @property {string} [doing] status text during a check
 * @property {() => void} [destroy]
 * @typedef {new (section: HTMLElement, key: any) => Kind} KindOf the default export of `block.js` in a kind's folder
 */
export {};
