/**
 * Path data in its shortest form: paths are most of a still's bytes. Steps are relative; each is the distance between
 * two rounded positions, so that rounding errors do not add up.
 */
export class Pen {
  d = "";
  #x = 0; // position of the pen, in parts
  #y = 0;
  #startX = 0;
  #startY = 0;
  #parts;

  /** @param {1 | 10} parts of a unit that positions are rounded to: units or tenths */
  constructor(parts = 10) {
    this.#parts = parts;
  }

  /** @param {number} x px @param {number} y px */
  move(x, y) {
    const [toX, toY] = [Math.round(x * this.#parts), Math.round(y * this.#parts)];
    this.d += `m${this.#pair(toX - this.#x, toY - this.#y)}`;
    this.#x = this.#startX = toX;
    this.#y = this.#startY = toY;
  }

  /** @param {number} x px @param {number} y px */
  line(x, y) {
    const [toX, toY] = [Math.round(x * this.#parts), Math.round(y * this.#parts)];
    if (toY === this.#y) this.d += `h${this.#number(toX - this.#x)}`;
    else if (toX === this.#x) this.d += `v${this.#number(toY - this.#y)}`;
    else this.d += `l${this.#pair(toX - this.#x, toY - this.#y)}`;
    this.#x = toX;
    this.#y = toY;
  }

  /** Draw a line of zero length: a point, if it has round or square caps. @param {number} x px @param {number} y px */
  dot(x, y) {
    this.move(x, y);
    this.d += "h0";
  }

  close() {
    this.d += "z";
    this.#x = this.#startX;
    this.#y = this.#startY;
  }

  /** @param {number} x0 px @param {number} y0 px @param {number} x1 px @param {number} y1 px */
  rect(x0, y0, x1, y1) {
    this.move(x0, y0);
    this.line(x1, y0);
    this.line(x1, y1);
    this.line(x0, y1);
    this.close();
  }

  /** @param {number} n in parts */
  #number(n) {
    return this.#parts === 1 ? String(n) : tenths(n);
  }

  /** @param {number} x in parts @param {number} y @returns {string} with a comma unless a minus sign separates them */
  #pair(x, y) {
    return this.#number(x) + (y < 0 ? "" : ",") + this.#number(y);
  }
}

/** @param {number} n in tenths @returns {string} "1.2", "-.3", "4" */
function tenths(n) {
  const size = Math.abs(n);
  const whole = Math.floor(size / 10);
  const rest = size - 10 * whole;
  return (n < 0 ? "-" : "") + (whole || rest === 0 ? whole : "") + (rest ? `.${rest}` : "");
}
