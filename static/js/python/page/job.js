/**
 * Requests to Python, with their listeners.
 *
 * @typedef {{type: "run_cell", scope: string, code: string, filename: string}
 *   | {type: "step_cell", scope: string, code: string, filename: string}
 *   | {type: "check_answer", scope: string, code: string, check: string}
 *   | {type: "compute_widget", widget: string, controls: import("../protocol.js").Controls, source: string | null,
 *     milliseconds: number | null, kept: string | null}
 *   | {type: "keep_trained", widget: string, controls: import("../protocol.js").Controls, source: string | null}
 *   | {type: "widget_declaration", widget: string, source: string}
 *   | {type: "widget_source", widget: string}
 *   | {type: "reset_scope", scope: string}} Message a request without its id
 * @typedef {{
 *   onStart?: () => void,
 *   onStream?: (name: "stdout" | "stderr" | "note", text: string) => void,
 *   onDisplay?: (mime: string, data: string) => void,
 *   signal?: AbortSignal,
 *   background?: boolean,
 * }} Options `onStart`: called when the request is sent. `signal` stops it. `background`: only when nothing else waits.
 * @typedef {Options & {message: Message, resolve: (value: any) => void, reject: (error: RunError) => void, untouched?: boolean}} Job
 *   `untouched`: runs only in a worker that has never run reader's code.
 */

/** A request that ended in `failed`. */
export class RunError extends Error {
  /** @param {Omit<import("../protocol.js").Failed, "type" | "id" | "memory">} failed @param {boolean} [keepsVariables] */
  constructor(failed, keepsVariables = true) {
    super(failed.message);
    this.kind = failed.kind;
    this.name = failed.name;
    this.line = failed.line;
    this.traceback = failed.traceback;
    this.explanation = failed.explanation ?? null;
    /** If stopped: whether the variables of earlier code still exist. */
    this.keepsVariables = keepsVariables;
    /**
     * If stopped: whether it may have run. It has not if Python did not start, as when the reader leaves a page early.
     */
    this.began = true;
  }
}

/** @param {string} message @param {boolean} [keepsVariables] */
export const stopped = (message, keepsVariables = true) =>
  new RunError({ kind: "interrupted", name: "Stopped", message, line: null, traceback: "" }, keepsVariables);

/** The error of a request for which Python did not start. @param {string} message */
export const notBegun = (message) => Object.assign(stopped(message, false), { began: false });

/** Whether a request uses the reader's variables. @param {Message} message */
export const changesScope = ({ type }) => ["run_cell", "step_cell", "check_answer"].includes(type);

/** Whether a request runs only the book's own code. @param {Message} message */
export const isBooks = (message) => message.type === "widget_source" || ("source" in message && message.source === null);
