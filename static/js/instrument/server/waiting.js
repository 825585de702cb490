/** Says how long the reader has been waiting for the server. */
import { translate } from "../../words.js";

const TICK_MS = 1_000;

/**
 * Repeats a sentence every second, with the seconds so far.
 *
 * @param {string} sentence
 * @param {(sentence: string) => void} say
 * @param {AbortSignal} signal also ends it
 * @returns {() => void} ends it
 */
export function sayWait(sentence, say, signal) {
  const start = performance.now();
  say(sentence);
  const clock = setInterval(() => {
    const seconds = Math.floor((performance.now() - start) / 1_000);
    say(translate("{sentence}, {time} s", { sentence, time: seconds }));
  }, TICK_MS);
  const stop = () => clearInterval(clock);
  signal.addEventListener("abort", stop);
  return stop;
}
