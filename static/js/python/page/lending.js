/**
 * One Python for the instruments in the frames of one page. The page belongs to another site, but frames of the book
 * reach each other through it. The first frame to start Python lends it: its runtime also answers the others, if their
 * requests run only the book's own code. For reader's code, a frame starts its own worker. If the lender goes away,
 * another frame takes its place.
 *
 * @import { Reply } from "../protocol.js"
 * @import { Message } from "./job.js"
 * @import { Listener } from "./launch.js"
 * @typedef {typeof import("./runtime.js").runtime} Runtime
 */
import { config, hasRoom } from "../../config.js";
import { BOOT_ID } from "../protocol.js";
import { isBooks } from "./job.js";
import { EARLY, Launch } from "./launch.js";

const NAME = "latentbookLender";

/** The interface of this frame to others. */
class Lender {
  edition = `${config.root} ${config.build}`;
  /** Whether this frame has a worker to lend. */
  isOpen = false;
  /** @type {Set<SharedLaunch>} */
  borrowers = new Set();
  /** @type {(runtime: Runtime) => void} */
  #give = () => {};
  /** Resolves when the page's scripts have loaded, perhaps after the first borrower. @type {Promise<Runtime>} */
  #runtime = new Promise((resolve) => (this.#give = resolve));

  /** @param {Runtime} runtime */
  serve(runtime) {
    runtime.addEventListener("status", () => this.#tell(runtime));
    runtime.addEventListener("spoiled", () => this.borrowers.forEach((each) => each.hear({ type: "spoiled" })));
    this.#give(runtime);
  }

  /** @param {Runtime} runtime */
  #tell(runtime) {
    if (runtime.state === "failed") this.close();
    for (const each of this.borrowers) each.follow(runtime.ready);
  }

  /** @param {SharedLaunch} borrower */
  async lend(borrower) {
    this.borrowers.add(borrower);
    const runtime = await this.#runtime;
    runtime.start();
    this.#tell(runtime);
  }

  /** @param {Message} message @param {boolean} background @returns {Promise<any>} like `request` of the runtime */
  async request(message, background) {
    return (await this.#runtime).request(message, { background });
  }

  close() {
    this.isOpen = false;
    borrowNext();
    for (const each of this.borrowers) each.lose();
    this.borrowers.clear();
  }
}

const ours = new Lender();

/** @param {Window} page @returns {Lender | null} the lender of the page, or of a frame in it */
function lenderIn(page) {
  try {
    const lender = Reflect.get(page, NAME);
    if (lender !== ours && lender.isOpen && lender.edition === ours.edition) return lender;
  } catch {
    // It belongs to another site, or is not a page of the book.
  }
  for (let at = 0; at < page.length; at++) {
    const lender = lenderIn(page[at]);
    if (lender) return lender;
  }
  return null;
}

/** A launch that uses the lender's worker, or this frame's own if there is no lender or reader's code must run. */
class SharedLaunch {
  /** @type {Listener | null} */
  #listener = null;
  /** @type {Launch | null} */
  #own = null;
  /** @type {Lender | null} */
  #lender = null;
  /** Posted, not yet answered. @type {{message: Message & {id: number}, background: boolean} | null} */
  #question = null;
  #hasBegun = false;

  worker = {
    postMessage: (/** @type {any} */ message, { background = false } = {}) => {
      this.#question = { message, background };
      if (!isBooks(message)) this.#keepForReader();
      this.#post();
    },
    terminate: () => {
      this.#own?.worker.terminate();
      this.#listener = null;
      this.leave();
      if (!ours.isOpen) borrowNext();
    },
  };

  get interruptBuffer() {
    return this.#own?.interruptBuffer ?? null;
  }

  /** @param {Listener} listener */
  listen(listener) {
    this.#listener = listener;
    if (this.#own) this.start();
    else this.#connect();
  }

  /** @param {boolean} [isEarly] */
  start(isEarly) {
    this.#own ??= new Launch(null, isEarly);
    if (!this.#listener) return;
    const { onDownload, onFailure } = this.#listener;
    this.#own.listen({ onReply: (reply) => this.hear(reply), onDownload, onFailure });
  }

  #connect() {
    if (!this.#listener || this.#own) return; // it has ended meanwhile, or has its own worker
    this.#lender = ours.isOpen ? null : lenderIn(top ?? window);
    ours.isOpen ||= this.#lender === null;
    if (this.#lender) this.#lender.lend(this);
    else this.start();
    this.#post();
  }

  #post() {
    const { message, background = false } = this.#question ?? {};
    const lender = this.#lender;
    if (message === undefined) return;
    if (this.#own) return this.#own.worker.postMessage(message);
    const answer = (/** @type {any} */ reply) => {
      if (message === this.#question?.message && lender === this.#lender) this.hear({ ...reply, id: message.id, memory: 0 });
    };
    lender?.request(message, background).then(
      (value) => answer({ type: "done", value }),
      ({ kind, name, message, line, traceback }) => answer({ type: "failed", kind, name, message, line, traceback }),
    );
  }

  /** Reserve a worker for reader's code: other frames can no longer use it. */
  #keepForReader() {
    if (this.#own && !hasRoom()) ours.close(); // there is no room for a second worker for the book's own code
    if (this.#own) return;
    this.leave();
    this.start();
    borrowNext();
  }

  /** @param {boolean} isReady whether the lender is ready */
  follow(isReady) {
    if (isReady) this.hear({ type: "done", id: BOOT_ID, value: { from: "lent", why: "", main: null }, memory: 0 });
    else this.#listener?.onDownload({ seen: 0, total: 0, bytes: 0 }); // a sign of life
  }

  /** @param {Reply} reply */
  hear(reply) {
    if (reply.type === "done" && reply.id === BOOT_ID) {
      if (this.#hasBegun) return; // with the lender's
      this.#hasBegun = true;
    } else if (reply.type === "done" || reply.type === "failed") this.#question = null;
    this.#listener?.onReply(this.#own ? reply : structuredClone(reply)); // the lender's classes are from another realm
  }

  /** Look for a new lender: this one is gone. If the page itself is gone, the timer never fires. */
  lose() {
    this.#lender = null;
    setTimeout(() => this.#connect());
  }

  leave() {
    this.#lender?.borrowers.delete(this);
    this.#lender = null;
  }
}

/** Make the next start of Python in this frame a shared one. */
function borrowNext() {
  const launch = new SharedLaunch();
  addEventListener("pagehide", ({ persisted }) => persisted || launch.leave());
  Reflect.set(globalThis, EARLY, launch);
  return launch;
}

/**
 * Share Python between frames; called in the page's head.
 * @param {boolean} isEarly start now, unless Python can be borrowed
 */
export function shareLaunches(isEarly) {
  Reflect.set(globalThis, NAME, ours);
  addEventListener("pagehide", ({ persisted }) => persisted || ours.close());
  const launch = borrowNext();
  if (!isEarly || lenderIn(top ?? window)) return;
  ours.isOpen = true;
  launch.start(true);
}
