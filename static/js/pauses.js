/** @param {number} ms @returns {Promise<void>} */
export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @returns {Promise<void>} resolves once the next frame has been painted */
export const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

/** @returns {Promise<void>} resolves when the page has nothing to do */
export const idle = () => new Promise((resolve) => ("requestIdleCallback" in globalThis ? requestIdleCallback(() => resolve()) : setTimeout(resolve)));
