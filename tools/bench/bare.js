// What the book is compared with: Pyodide's own loader and NumPy in a worker, and nothing else.
const worker = new Worker("bare-worker.js", { type: "module" });
worker.addEventListener("message", ({ data }) => {
  document.querySelector("pre").textContent = data;
  performance.mark("latentbook-python-ready");
});
