/**
 * The last line of an error, for a status line: Python's errors begin with the traceback and end with the message.
 *
 * @param {unknown} error
 */
export function lastLine(error) {
  const message = String(error instanceof Error ? error.message : error).trim();
  const [, words] = /** @type {RegExpMatchArray} */ (message.match(/(?:InterpreterDamaged: )?([^\n]{0,200})[^\n]*$/));
  return words;
}
