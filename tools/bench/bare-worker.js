import { loadPyodide } from "./pyodide.mjs";

const pyodide = await loadPyodide({ indexURL: new URL(".", location.href).href });
await pyodide.loadPackage("numpy", { messageCallback() {} });
postMessage(String(pyodide.runPython("import numpy as np\nnp.arange(3).sum()")));
