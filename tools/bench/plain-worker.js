import { loadPyodide } from "./pyodide.mjs";

const pyodide = await loadPyodide({ indexURL: new URL(".", location.href).href });
await pyodide.loadPackage("numpy", { messageCallback() {} });
const widgets = await fetch("widgets.zip");
pyodide.unpackArchive(await widgets.arrayBuffer(), "zip", { extractDir: "/lib/widgets" });
pyodide.runPython("import sys; sys.path.insert(0, '/lib')");
const compute = pyodide.pyimport("widgets.engine.frames").compute_frame;

onmessage = ({ data: [widget, controls] }) => {
  const given = pyodide.toPy(controls);
  const frame = compute(widget, given, undefined);
  postMessage(frame.toJs({ dict_converter: Object.fromEntries }));
  frame.destroy();
  given.destroy();
};
postMessage(null);
