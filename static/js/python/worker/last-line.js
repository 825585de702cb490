/**
 * What a status line can hold of an error: Python's comes with its traceback, and ends with the words.
 *
 * @param {unknown} error
 */
export function lastLine(error) {
  const message = String(error instanceof Error ? error.message : error).trim();
  const [, words] = /** @type {RegExpMatchArray} */ (message.match(/(?:InterpreterDamaged: )?([^\n]{0,200})[^\n]*$/));
  return words;
}
