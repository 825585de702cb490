/** The curve of expected recall, as a figure and a sentence. */
import { svg } from "../figure/draw.js";
import { make } from "../elements.js";
import { inDigits, translate, translateCount } from "../words.js";

const [REVIEWING, WITHOUT] = ["#0a6b6b", "#d06a1c"];
const WITHOUT_TEXT = "#a8500f";

/** @param {{day: number, without: number, reviewing: number}[]} points @param {number} count of the cards */
export function picture(points, count) {
  const days = points.map(({ day }) => day);
  const last = points[points.length - 1];
  const percent = (/** @type {number} */ share) => inDigits(share, { style: "percent" });
  const line = (/** @type {number[]} */ y, /** @type {string} */ color) => ({ type: "scatter", mode: "lines", x: days, y, line: { color, width: 2 } });
  const label = (/** @type {string} */ text, /** @type {number} */ y, /** @type {string} */ color) => {
    return { text, x: last.day, y, showarrow: false, xanchor: "right", yanchor: "bottom", yshift: 4, font: { color, size: 12 } };
  };
  const figure = {
    data: [line(points.map(({ reviewing }) => reviewing), REVIEWING), line(points.map(({ without }) => without), WITHOUT)],
    layout: {
      width: 600,
      height: 260,
      margin: { l: 44, r: 16, t: 32, b: 42 },
      xaxis: { range: [0, last.day], title: { text: translate("days from today") } },
      yaxis: { range: [0, 1.08], tickformat: ".0%", title: { text: translate("expected recall") } },
      annotations: [label(translate("with reviewing"), last.reviewing, REVIEWING), label(translate("without"), last.without, WITHOUT_TEXT)],
    },
  };
  const sentence = translate("Today you would recall {now} of them; in {days} days {reviewing} if you review, {without} if you do not.", {
    now: percent(points[0].without),
    days: last.day,
    reviewing: percent(last.reviewing),
    without: percent(last.without),
  });
  const title = translateCount(count, "What you will remember of {number} card", "What you will remember of {number} cards");
  const plot = make("div", { className: "drawing" });
  for (const width of [600, 320]) plot.insertAdjacentHTML("beforeend", svg(figure, { width, id: `recall-${width}`, label: sentence }));
  return make("section", {}, make("h2", {}, title), plot, make("p", {}, sentence));
}
