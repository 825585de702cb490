/** Waits before sending again. The first is random, so that a class does not return all at once with its server. */
export class Backoff {
  #ms = 0;

  /** @param {number} firstMs the first wait is up to four times as long @param {number} longestMs */
  constructor(firstMs, longestMs) {
    this.firstMs = firstMs;
    this.longestMs = longestMs;
    this.reset();
  }

  reset() {
    this.#ms = this.firstMs * (1 + 3 * Math.random());
  }

  /** Milliseconds; twice as long each time. */
  next() {
    const ms = this.#ms;
    this.#ms = Math.min(2 * ms, this.longestMs);
    return ms;
  }
}
