// What must hold on every page, asked of the page as it is shown now (test_every_page.py). A probe gives a line for each thing
// that is wrong. `probe(names, patience)` gives all of them, each under the name of its probe; to what the page's own scripts
// put right after a change of its size, it gives so many frames of time.
globalThis.probe = (() => {
  /** A share of a plate that may be blank: a fifth, and room for a machine whose fonts break one line more or less. */
  const BLANK = 0.2 + 0.02;
  /** Least height of a target in px: for a finger, for a pointer (WCAG 2.5.8: 24 px). */
  const [FINGER, POINTER] = [44, 32];
  /** Where notes stand where there is a margin: the measure of the text, the gap, their own width. */
  const [MEASURE, GAP, NOTE] = [664, 56, 232];
  /** What may stand out of a line in print, in px: the empty end of an index, and the paper has a margin. */
  const SPILL = 4;
  /** Share of a panel that is seen together with a control, and of the window that controls in its foot may take. */
  const [SEEN, FOOT] = [0.5, 0.35];

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const shown = (selector, root) => all(selector, root).filter((each) => each.checkVisibility({ visibilityProperty: true }));
  const box = (element) => element.getBoundingClientRect();
  const name = (element) => element.id || element.outerHTML.slice(0, 90);
  const size = (element) => `${name(element)}: ${box(element).width} x ${box(element).height}`;
  const plates = () => all("section[data-instrument]");
  const overlap = (one, other) => {
    const [a, b] = [box(one), box(other)];
    return a.right > b.left && b.right > a.left && a.bottom > b.top && b.bottom > a.top;
  };
  const isTouch = () => matchMedia("(pointer: coarse)").matches;

  const isInScrollingRow = (element) => {
    const row = element.parentElement.closest(".controls");
    return row !== null && row.scrollWidth > row.clientWidth && getComputedStyle(row).overflowX === "auto";
  };

  /** Whether nothing is over the middle of an element. */
  const isSeen = (element) => {
    const { left, top, width, height } = box(element);
    return element.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  };

  /** Share of the height of something in a picture that is between the bar and what stands at the foot of the window. */
  const seenOf = (element, top) => {
    const { top: start, bottom, height, left, right } = box(element);
    const controls = box(element.closest(".bench").querySelector(".controls"));
    const isBehind = controls.left < right && controls.right > left && controls.bottom > start;
    const end = Math.min(innerHeight, bottom, isBehind ? controls.top : Infinity);
    return (end - Math.max(top, start)) / height;
  };

  /** Share of a plate that is neither panel, control, readout nor line of text, each with 4 px around it. */
  const blank = (plate) => {
    plate.querySelector(".controls").style.position = "static"; // not over a picture
    const area = box(plate);
    const [width, height] = [Math.round(area.width), Math.round(area.height)];
    const used = new Uint8Array(width * height);
    const take = ({ left, top, right, bottom }) => {
      if (right === left || bottom === top) return;
      const [from, to] = [left - area.left - 4, right - area.left + 4].map(Math.round);
      for (let y = Math.max(0, Math.round(top - area.top - 4)); y < bottom - area.top + 4; y++) {
        used.fill(1, y * width + Math.max(0, from), y * width + Math.min(width, to));
      }
    };
    all("[data-panel], .controls input, .options label, button, .readout", plate).map(box).forEach(take);
    const texts = document.createTreeWalker(plate, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { data, parentElement } = texts.currentNode;
      if (!data.trim() || parentElement.closest(".visually-hidden")) continue;
      const range = document.createRange();
      range.selectNodeContents(texts.currentNode);
      for (const line of range.getClientRects()) take(line);
    }
    plate.querySelector(".controls").style.position = "";
    return 1 - used.reduce((sum, pixel) => sum + pixel, 0) / used.length;
  };

  const probes = {
    "scrolls sideways": () => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth > clientWidth ? [`${scrollWidth} px`] : [];
    },
    "notes over notes or blocks": () => {
      const notes = shown(".flow > .note, .noted > .note");
      const things = [...notes, ...shown(".flow > .instrument, .flow > .snippet, .flow > .quiz")];
      return notes.flatMap((note, i) =>
        things
          .slice(i + 1)
          .filter((other) => overlap(note, other))
          .map((other) => `${name(note)} and ${name(other)}`),
      );
    },
    "note not beside its paragraph": () =>
      all(".flow > .noted")
        .filter((noted) => {
          const [text, note] = [box(noted.firstElementChild), box(noted.querySelector(":scope > .note"))];
          const aside = Math.abs(note.x - text.x - MEASURE - GAP) <= 1 && Math.abs(note.width - NOTE) <= 1;
          return !aside || note.y < text.y;
        })
        .map(name),
    "control before the picture": () =>
      plates()
        .filter((plate) => {
          const place = plate.querySelector(".picture").compareDocumentPosition(plate.querySelector(".control"));
          return !(place & Node.DOCUMENT_POSITION_FOLLOWING);
        })
        .map(name),
    "equation on its number": () =>
      shown(".equation > .number")
        .filter((number) => all(":scope > .scroller", number.parentElement).some((scroller) => overlap(scroller, number)))
        .map(name),
    "line begins with the punctuation after an equation": () =>
      shown(".joint").flatMap((joint) => {
        const parts = all(".katex-base", joint).map(box);
        const texts = [...joint.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
        const torn = texts.filter((node) => {
          const math = node === joint.firstChild ? parts.at(0) : parts.at(-1);
          const range = document.createRange();
          range.selectNode(node);
          const text = range.getBoundingClientRect();
          return math && (text.top > math.bottom || text.bottom < math.top);
        });
        return torn.map(() => joint.textContent);
      }),
    "scrolls and cannot be reached by keyboard": () =>
      shown("[data-scrolls]")
        .filter((each) => each.scrollWidth > each.clientWidth + 1)
        .filter((each) => each.tabIndex !== 0 || !/, scrolls sideways$/.test(each.ariaLabel))
        .map(name),
    "wider than its plate": () =>
      plates().flatMap((plate) =>
        shown(".bench *", plate)
          .filter((each) => !each.closest(".katex, svg, .image") && !isInScrollingRow(each))
          .filter((each) => box(each).right > box(plate).right)
          .map((each) => `${name(plate)}: ${name(each)}`),
      ),
    "blank in a plate": () =>
      plates()
        .map((plate) => [plate, blank(plate)])
        .filter(([, share]) => share > BLANK)
        .map(([plate, share]) => `${name(plate)}: ${share.toFixed(3)} of it`),
    "control and panel not seen together": () => {
      const found = plates().flatMap((plate) =>
        shown("[data-panel]", plate).flatMap((panel) =>
          shown(".controls :is(input, button)", plate)
            .filter((input) =>
              [panel, plate.querySelector("[data-panel]")].every((place) => {
                const top = box(shown(".bar")[0]).bottom;
                scrollBy({ top: box(place).top - top, behavior: "instant" });
                input.focus();
                return !isSeen(input.closest("label") ?? input) || seenOf(panel, top) < SEEN;
              }),
            )
            .map((input) => `${name(plate)}: ${input.name || input.dataset.action} and ${panel.dataset.panel}`),
        ),
      );
      document.activeElement.blur();
      scrollTo({ top: 0, behavior: "instant" });
      return found;
    },
    "focus hidden by controls": () => {
      const hidden = plates().flatMap((plate) =>
        shown(".picture :is(button, [tabindex='0'])", plate).filter((each) => {
          scrollBy({ top: box(each).top + 10 - innerHeight, behavior: "instant" });
          each.focus();
          return seenOf(each, 0) < SEEN / 2;
        }),
      );
      document.activeElement.blur();
      scrollTo({ top: 0, behavior: "instant" });
      return hidden.map(name);
    },
    "controls fill the window": () =>
      plates()
        .map((plate) => plate.querySelector(".controls"))
        .filter((each) => getComputedStyle(each).position === "sticky" && box(each).height > FOOT * innerHeight)
        .map((each) => size(each)),
    "small target in a plate": () =>
      plates().flatMap((plate) =>
        shown("button, .controls input", plate)
          .map((each) => each.closest(".options label, .toggle label") ?? each)
          .filter((each) => box(each).height < (isTouch() ? FINGER : POINTER))
          .map(size),
      ),
    "small target": () =>
      shown("button, .options label, .picks label, input[type=range]")
        .filter((each) => box(each).height < FINGER || box(each).width < 24)
        .map(size),
    // WCAG 2.5.8: 24 px, but for links in a sentence.
    "small link": () =>
      shown("a[href], summary, input, [tabindex='0']")
        .filter((each) => !each.matches(".cite, .ref, .quoted") && !each.closest(".skip, .visually-hidden"))
        .map((each) => each.closest("label") ?? each)
        .filter((each) => box(each).width > 0 && Math.min(box(each).width, box(each).height) < 23.9)
        .map(size),
    // Forced colours put a bar in the colour of the canvas behind text.
    "words unseen in forced colours": () => {
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style.color = "Canvas";
      const canvas = getComputedStyle(probe).color;
      probe.remove();
      return all("button")
        .filter((each) => getComputedStyle(each).color === canvas)
        .map(name);
    },
    "cut off at the edge of the paper": () =>
      shown("main *")
        .filter((each) => !each.closest(".visually-hidden, .katex-mathml, svg"))
        .filter((each) => box(each).right > document.documentElement.clientWidth + SPILL)
        .map(name),
    "answer not printed": () => {
      const printed = shown("details.answer > .body");
      return all("details.answer > .body")
        .filter((each) => !printed.includes(each))
        .map(name);
    },
  };

  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

  return async (names, patience) => {
    await document.fonts.ready;
    await frame();
    await frame();
    const wrong = [];
    for (const each of names) {
      let found = probes[each]();
      for (let i = 0; i < patience && found.length > 0; i++) {
        await frame();
        found = probes[each]();
      }
      wrong.push(...found.map((line) => `${each}: ${line}`));
    }
    return wrong;
  };
})();
