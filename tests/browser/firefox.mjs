// A reader's two visits in a real Firefox, and one with the server gone. Usage: node firefox.mjs FIREFOX URL
// Prints one JSON object: what was seen at each step.
import { createServer, connect } from "node:net";
import puppeteer from "puppeteer-core";

const [, , firefox, address] = process.argv;
const CHAPTER = "autoencoders/compress/";
const STATUS = "[data-runtime-status]";
const PATIENCE_MS = 120_000;

/** Stands between the browser and the server, so that the server can be gone for this browser alone. */
async function line(target) {
  const sockets = new Set();
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.on("error", () => other.destroy()).on("close", () => sockets.delete(one)).pipe(other);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, cut };
}

const { url, cut } = await line(new URL(address));
const browser = await puppeteer.launch({ browser: "firefox", executablePath: firefox, headless: true });
const seen = { errors: [] };
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.setViewport({ width: 1280, height: 900 });
  page.on("pageerror", (error) => seen.errors.push(String(error)));

  const visit = async () => {
    await page.goto("about:blank"); // what the last visit had under way would end the next navigation
    await page.goto(url + CHAPTER);
    return ready();
  };
  const ready = async () => {
    await page.waitForSelector(`${STATUS}[data-state="ready"]`);
    return page.evaluate(() => {
      const { detail, startTime } = performance.getEntriesByName("latentbook-python-started")[0];
      return { from: detail, ms: Math.round(startTime) };
    });
  };
  const cell = (selector) => `section[data-cell] ${selector}`;
  const press = (action) => page.$eval(cell(`[data-action="${action}"]`), (button) => button.click());
  const write = async (code) => {
    // As by Tab: while far parts of the page are being laid out, what a pointer is aimed at moves away.
    await page.focus(cell(".source"));
    const editor = "section[data-cell] >>> .cm-content";
    await page.waitForSelector(editor);
    await page.focus(editor);
    await page.keyboard.down("Control");
    await page.keyboard.press("Home");
    await page.keyboard.down("Shift");
    await page.keyboard.press("End");
    await page.keyboard.up("Shift");
    await page.keyboard.up("Control");
    await page.keyboard.press("Backspace");
    await page.keyboard.type(code);
    await press("run");
  };
  const rest = async () => {
    await page.waitForFunction(
      () => !["running", "recorded", "recalled"].includes(document.querySelector("section[data-cell]").dataset.state));
    return page.$eval(cell("[data-output]"), (place) => place.textContent.trim());
  };
  const run = async (code) => {
    await write(code);
    return rest();
  };
  const status = () => page.$eval(cell("[data-status]"), (place) => place.textContent);

  seen.first = await visit();
  seen.version = await browser.version();
  seen.isolated = await page.evaluate(() => crossOriginIsolated);
  seen.printed = await run("import numpy as np; kept = 7; print(np.arange(3).sum() * 14)");
  await write("while True: pass");
  await page.waitForFunction(() => document.querySelector("section[data-cell] [data-status]").textContent.startsWith("Running"));
  // The page gives Python 0.6 s to stop: on a busy machine that is too little.
  await page.evaluate(() => {
    const own = setTimeout;
    globalThis.setTimeout = (run, ms, ...given) => own(run, ms === 600 ? 20 * ms : ms, ...given);
  });
  await press("stop");
  await rest();
  seen.stopped = await status();
  seen.kept = await run("kept");
  seen.refused = await run("import js; print([name for name in ('fetch', 'eval', 'navigator', 'caches') if hasattr(js, name)])");

  const readout = () => page.$$eval(".instrument [data-readout]", ([, second]) => second.textContent);
  const before = await readout();
  await page.focus(".instrument input[type=range]");
  await page.keyboard.press("End");
  await page.waitForFunction(
    (old) => document.querySelectorAll(".instrument [data-readout]")[1].textContent !== old, {}, before);
  seen.moved = [before, await readout()];

  const snapshot = () => performance.getEntriesByName("latentbook-snapshot").at(-1)?.detail;
  await page.waitForFunction(snapshot);
  seen.snapshot = await page.evaluate(snapshot);
  seen.second = await visit();
  seen.again = await run("import numpy as np; print(np.linalg.norm([3.0, 4.0]))");

  await page.waitForFunction(() => /can be read offline|could not be saved/.test(document.querySelector(".foot").textContent));
  cut();
  // As a reader would: the driver's own navigation asks the server, whatever the service worker keeps.
  // From a blank page: a page of the book would show the next one itself, in the document that is there.
  // The driver says when the new page is there: a question asked again and again may still be answered by the old one.
  await page.goto("about:blank");
  await Promise.all([
    page.waitForNavigation({ waitUntil: "domcontentloaded" }),
    page.evaluate((address) => void setTimeout(() => (location.href = address)), url + CHAPTER),
  ]);
  seen.offline = await ready();
  seen.printedOffline = await run("print(2 ** 10)");
} finally {
  await browser.close();
  cut();
}
console.log(JSON.stringify(seen));
process.exit();
