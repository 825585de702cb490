import { make } from "latentbook/elements.js";
import { one } from "latentbook-class/page.js";
import { figuresOf } from "latentbook-class/results.js";
import { inDigits } from "latentbook/words.js";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** A letter for each item; the results are a table of how often each was chosen. */
export default class Match {
  /** @param {{left: string[], right: string[], answer?: number[]}} asked @param {HTMLElement} place */
  constructor(asked, place) {
    this.asked = asked;
    one("[data-left]", place).append(...asked.left.map((html, i) => this.#itemOf(html, i)));
    one("[data-right]", place).append(...asked.right.map((innerHTML) => make("li", { innerHTML })));
    this.selects = [...place.querySelectorAll("select")];
  }

  /** @param {string} innerHTML @param {number} i */
  #itemOf(innerHTML, i) {
    const id = `answer-${i}`;
    const options = [new Option("…", ""), ...this.asked.right.map((_, at) => new Option(LETTERS[at], String(at)))];
    const select = make("select", { name: id, id, autocomplete: "off" }, ...options);
    const label = make("label", { htmlFor: id, id: `item-${i}`, innerHTML });
    select.setAttribute("aria-labelledby", label.id); // Chromium leaves equations out of a plain label's name
    return make("li", {}, label, " ", select);
  }

  /** @returns {{value: any} | null} */
  get answer() {
    const picked = this.selects.map((select) => select.value);
    return picked.includes("") ? null : { value: picked.map(Number) };
  }

  set answer(given) {
    for (const [i, select] of this.selects.entries()) select.value = String(given?.value[i] ?? "");
  }

  /** @param {number[][][]} rounds @param {HTMLElement} place */
  showResults(rounds, place) {
    for (const [i, figure] of figuresOf(rounds, place).entries()) {
      const table = make("table");
      table.createTHead().insertRow().append(make("th"), ...this.asked.right.map((_, at) => make("th", {}, LETTERS[at])));
      for (const [row, innerHTML] of this.asked.left.entries()) {
        const cells = this.asked.right.map((_, at) => {
          const cell = make("td", {}, inDigits(rounds[i].filter((answers) => answers[row] === at).length));
          if (this.asked.answer?.[row] === at) cell.className = "right";
          return cell;
        });
        table.insertRow().append(make("th", { innerHTML }), ...cells);
      }
      figure.append(table);
    }
  }
}
