/**
 * The messages between the page (runtime.js) and the worker (worker.js): names and shapes.
 * Every value can be cloned by postMessage. A request ends in exactly one `done` or `failed` with its id.
 *
 * @typedef {import("./download.js").Place & {version: string, sizes: Record<string, number>, isGiven: boolean, isEarly: boolean}} Boot
 *   The worker's name, as JSON: the browser hands a worker its messages only when the page has time for that, and a page that is
 *   laid out has none. `hashes` are those of what a start takes; `sizes` gives the bytes, unpacked, of each file that a start
 *   takes; `isGiven` says that this page has Python itself from an earlier start; `isEarly`, that a snapshot is checked once the
 *   first question has been answered, and not before it is used.
 * @typedef {{type: "stop-by", interruptBuffer: Uint8Array}} StopBy
 *   How a run is stopped. Has no answer.
 * @typedef {{type: "main", main: WebAssembly.Module | null}} Main
 *   Has no answer. Python itself: from an earlier start, or compiled in the page while the worker starts; null where this browser
 *   keeps it, for then the worker has taken it already.
 * @typedef {{type: "run_cell", id: number, scope: string, code: string, filename: string}} RunCell
 *   Runs code in the named scope. Its last expression, if any, is displayed.
 * @typedef {{type: "check_answer", id: number, scope: string, code: string, check: string}} CheckAnswer
 *   Runs code, then check, in a copy of the scope.
 * @typedef {{type: "compute_widget", id: number, widget: string, controls: Controls, source: string | null,
 *   milliseconds: number | null, kept: string | null}} ComputeWidget
 *   `source` is the reader's edited file, or null for the book's own. `milliseconds`: how long an instrument that trains may go
 *   on for this picture. `kept`: the network that the reader has kept, an .npz file in base 64, where it is wanted.
 * @typedef {{type: "keep_trained", id: number, widget: string, controls: Controls, source: string | null}} KeepTrained
 * @typedef {{type: "widget_declaration", id: number, widget: string, source: string}} WidgetDeclaration
 *   What the reader's edited file declares.
 * @typedef {{type: "widget_source", id: number, widget: string}} WidgetSource
 * @typedef {{type: "reset_scope", id: number, scope: string}} ResetScope
 * @typedef {StopBy | Main | RunCell | CheckAnswer | ComputeWidget | KeepTrained | WidgetDeclaration | WidgetSource
 *   | ResetScope} Request
 *
 * @typedef {{type: "progress", stage: "download", download: import("./download.js").Download}
 *   | {type: "progress", stage: "import", download: null}} Progress
 * @typedef {{type: "stream", id: number, name: "stdout" | "stderr" | "note", text: string}} Stream
 *   A note is how much output was cut: lines and characters.
 * @typedef {{type: "display", id: number, mime: string, data: string}} Display
 *   mime is text/plain or application/vnd.plotly.v1+json (a figure as JSON text).
 * @typedef {{type: "done", id: number, value: any, memory: number}} Done
 *   memory: what this Python uses, bytes.
 *   value: for compute_widget a FrameValue, for check_answer a CheckValue, for widget_declaration a Declaration (instrument/state.js),
 *   for widget_source the text, for keep_trained an .npz file in base 64, for BOOT_ID a StartValue, else null.
 * @typedef {{type: "failed", id: number, kind: "python" | "interrupted" | "contract" | "protocol", name: string,
 *   message: string, line: number | null, traceback: string, memory: number}} Failed
 * @typedef {{type: "fatal", message: string}} Fatal
 * @typedef {{type: "spoiled"}} Spoiled  The snapshot that it started from is damaged: nothing that it said holds.
 * @typedef {Progress | Stream | Display | Done | Failed | Fatal | Spoiled} Reply
 *
 * @typedef {Record<string, number | string | boolean | [number, number] | [number, number, number]>} Controls
 * @typedef {{from: "snapshot" | "files", why: string, main: WebAssembly.Module}} StartValue
 *   `why` a stored snapshot was of no use, or ""; `main`: for the next start in this page
 * @typedef {{passed: boolean, message: string, case: string}} CheckValue
 *   `case`: of a law that does not hold, the smallest input that breaks it, as code to run; else ""
 * @typedef {{key: string, kind: "plot", figure: any, alt: string, half: boolean}} PlotPanel  arrays may be typed arrays
 * @typedef {{key: string, kind: "tiles", data: Uint8Array, shape: [number, number, number, number], alt: string,
 *   half: boolean, captions: string[], gap: number, server: {model: string, n: number, span: number, at: [number, number]} | null}} TilesPanel
 * @typedef {{points: Float32Array, classes: Uint8Array, names: string[], places: Float32Array}} MapDots
 *   points and places: x and y of each in turn; classes index the names
 * @typedef {{key: string, kind: "map", data: Uint8Array, address: [number, number, number], alt: string, half: boolean,
 *   server: string, axes: [number, number], rings: Record<string, number>, dots: MapDots | null}} MapPanel
 *   data: the tile at the address (zoom, x, y); server: the model whose tiles a decoder server can send, or ""; axes: the
 *   latents of it that vary, to the right and upwards
 * @typedef {{key: string, kind: "pad", alt: string, half: boolean, data: Uint8Array | null,
 *   shape: [2, number, number] | null}} PadPanel  data: what is seen where there is no ink, then what is seen where there is
 * @typedef {PlotPanel | TilesPanel | MapPanel | PadPanel} Panel
 * @typedef {{readouts: Record<string, string>, panels: Panel[], note: string, ms: number,
 *   reached: {steps: number, done: boolean} | null}} FrameValue
 *   readouts are formatted in Python, so that the build and the page print the same characters. reached: where an instrument
 *   that trains stands, and whether that is where it was asked to be.
 */
/** The id under which a worker answers its start. */
export const BOOT_ID = 0;
