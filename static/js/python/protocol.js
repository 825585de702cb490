/**
 * The messages between the page (runtime.js) and the worker (worker.js): names and shapes.
 * Every value can be cloned by postMessage. A request ends in exactly one `done` or `failed` with its id.
 *
 * @typedef {import("./download.js").Place & {version: string, sizes: Record<string, number>, isGiven: boolean, isEarly: boolean}} Boot
 *   The worker's name, as JSON, not a message: the browser delivers messages to a worker only when the page is idle,
 *   and it is busy during layout. `hashes` of the files for a start, `sizes` in unpacked bytes. `isGiven`: this page
 *   has Python itself from an earlier start. `isEarly`: check the snapshot after the first answer, not before using it.
 * @typedef {{type: "stop-by", interruptBuffer: Uint8Array}} StopBy
 *   The buffer for stopping a run. Has no answer.
 * @typedef {{type: "main", main: WebAssembly.Module | null}} Main
 *   Has no answer. Python itself, from an earlier start, or compiled in the page while the worker starts; null if this
 *   browser has stored it, because the worker then reads it itself.
 * @typedef {{type: "received"}} Received
 *   Has no answer. The page has nearly all of Python itself, so the connection is free for other files.
 * @typedef {{type: "run_cell", id: number, scope: string, code: string, filename: string}} RunCell
 *   Runs code in the named scope. Its last expression, if any, is displayed.
 * @typedef {{type: "step_cell", id: number, scope: string, code: string, filename: string}} StepCell
 *   Runs code in a copy of the scope and records each step.
 * @typedef {{type: "check_answer", id: number, scope: string, code: string, check: string}} CheckAnswer
 *   Runs code, then check, in a copy of the scope.
 * @typedef {{type: "compute_widget", id: number, widget: string, controls: Controls, source: string | null,
 *   milliseconds: number | null, kept: string | null}} ComputeWidget
 *   `source` is the reader's edited file, or null for the book's own. `milliseconds`: time limit of training for this
 *   picture. `kept`: the reader's saved network, an .npz file as base64, if needed.
 * @typedef {{type: "keep_trained", id: number, widget: string, controls: Controls, source: string | null}} KeepTrained
 * @typedef {{type: "widget_declaration", id: number, widget: string, source: string}} WidgetDeclaration
 *   The declaration of the reader's edited file.
 * @typedef {{type: "widget_source", id: number, widget: string}} WidgetSource
 * @typedef {{type: "reset_scope", id: number, scope: string}} ResetScope
 * @typedef {StopBy | Main | Received | RunCell | StepCell | CheckAnswer | ComputeWidget | KeepTrained | WidgetDeclaration | WidgetSource
 *   | ResetScope} Request
 *
 * @typedef {{type: "progress", stage: "download", download: import("./download.js").Download}
 *   | {type: "progress", stage: "import", download: null}} Progress
 * @typedef {{type: "stream", id: number, name: "stdout" | "stderr" | "note", text: string}} Stream
 *   A note gives the numbers of omitted lines and characters.
 * @typedef {{type: "display", id: number, mime: string, data: string}} Display
 *   mime is text/plain, application/vnd.plotly.v1+json (a figure as JSON text), image/svg+xml (from Matplotlib),
 *   image/png as base64, or text/html.
 * @typedef {{type: "done", id: number, value: any, memory: number}} Done
 *   memory: used by this Python, bytes.
 *   value: for run_cell an Explanation[] of notes on a run without an error, or null; for compute_widget a FrameValue,
 *   for check_answer a CheckValue, for step_cell a Recording as JSON, for widget_declaration a Declaration
 *   (instrument/spec.js), for widget_source the text, for keep_trained an .npz file as base64, for BOOT_ID a
 *   StartValue, else null.
 * @typedef {{type: "failed", id: number, kind: "python" | "interrupted" | "contract" | "protocol", name: string,
 *   message: string, line: number | null, traceback: string, memory: number,
 *   explanation?: import("../explain/explain.js").Explanation | null}} Failed
 * @typedef {{type: "fatal", message: string}} Fatal
 * @typedef {{type: "spoiled"}} Spoiled  The snapshot of this worker is damaged, so its answers are invalid.
 * @typedef {Progress | Stream | Display | Done | Failed | Fatal | Spoiled} Reply
 *
 * @typedef {number | string | boolean | [number, number] | [number, number, number]} Value of a control
 * @typedef {Record<string, Value>} Controls
 * @typedef {{from: "snapshot" | "files", why: string, main: WebAssembly.Module} | {from: "lent", why: "", main: null}} StartValue
 *   `why` a stored snapshot was not usable, or ""; `main`: for the next start in this page; lent: by another frame
 * @typedef {{passed: boolean, message: string, case: string, sentence?: [string, Record<string, string>]}} CheckValue
 *   `sentence`: the message in English with placeholders, and their values; missing if the question's author wrote it
 *   `case`: the smallest input that breaks a law, as code to run; else ""
 * @typedef {{type: string, shape?: number[], text?: string, low?: string, high?: string, not_finite?: number, cells?: string[], same?: string}}
 *   Described  a value: `type` of an array's numbers, or the name of a class; `shape` of an array, or the length of a
 *   list; `low` and `high`: the range; `not_finite`: the count of such numbers; `cells`: a small picture, each row as
 *   hexadecimal digits from least to greatest, with x for numbers that are not finite; `same`: the items of a list that
 *   are one array
 * @typedef {{line: number | null, call: number, printed: number, changed: [number, string, Described | null][],
 *   returned?: Described}} Step
 *   `line`: the next to run, null after the last. `printed`: characters so far. `changed` by the line before: call,
 *   name and value, null for a deleted name. `returned`: value of the function, or of the last expression at the end
 * @typedef {{steps: Step[], start: Step["changed"], calls: {name: string, caller: number | null}[], loops: [number, number][], printed: string,
 *   cut: "" | "steps" | "seconds" | "characters", error: Omit<Failed, "id" | "memory"> | null, missing: string[],
 *   fixed: string[], notes: import("../explain/explain.js").Explanation[]}} Recording
 *   `start`: names from earlier code. Call 0 is the snippet itself. `loops`: first and last line of each. `cut`: the limit that ended it. `error` ended the code
 *   at the line of the last step. `missing`: names whose values cannot be copied; `fixed`: arrays that are too large to
 *   copy
 * @typedef {{key: string, kind: "plot", figure: any, alt: string, half: boolean}} PlotPanel  arrays may be typed arrays
 * @typedef {{labels: string[], numbers: string[], marked: number[], sides: [number, number]}} GalleryParts
 *   numbers: none, or one per image; marked: indices; sides: of an image in CSS px, on a wide panel and on a narrow one
 * @typedef {{key: string, kind: "tiles", data: Uint8Array, shape: import("../instrument/panels/ramp.js").Cells, alt: string, half: boolean,
 *   captions: string[], gap: number, server: {model: string, n: number, span: number, at: [number, number]} | null,
 *   gallery: GalleryParts | null}} TilesPanel  a gallery has one row
 * @typedef {{points: Float32Array, classes: Uint8Array, names: string[], places: Float32Array}} MapDots
 *   points and places: x and y of each in turn; classes index the names
 * @typedef {{key: string, kind: "map", data: Uint8Array, address: [number, number, number], alt: string, half: boolean,
 *   server: string, axes: [number, number], at: number[], rings: Record<string, number>, dots: MapDots | null}} MapPanel
 *   data: the tile at the address (zoom, x, y), with three bytes per pixel in colour; server: the model whose tiles a decoder server can send, or ""; axes: the
 *   latents that vary, to the right and upwards; at: the code in the middle of the plane, or [] for the
 *   origin
 * @typedef {{key: string, kind: "pad", alt: string, half: boolean, data: Uint8Array | null,
 *   shape: [2, number, number, 3?] | null}} PadPanel  data: the picture without ink, then the picture with ink
 * @typedef {PlotPanel | TilesPanel | MapPanel | PadPanel} Panel
 * @typedef {{readouts: Record<string, string>, panels: Panel[], note: string, ms: number,
 *   reached: {steps: number, done: boolean} | null}} FrameValue
 *   readouts are formatted in Python, so that the build and the page print the same characters. reached: the step of an
 *   instrument that trains, and whether it is the requested one.
 */
/** The id of a worker's reply to its start. */
export const BOOT_ID = 0;
