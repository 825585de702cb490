/**
 * Creates Pyodide's module from its text: Deno would take longer to parse a module of this size than for all the rest
 * until Python runs.
 *
 * @param {Uint8Array} bytes of pyodide.asm.mjs
 * @returns {import("latentbook/python/worker/loader.js").CreateModule}
 */
export function moduleFrom(bytes) {
  const text = new TextDecoder().decode(bytes);
  const body = text.replaceAll("import.meta.url", "location.href").replace(/export default (\w+);\s*$/, "return $1;");
  return new Function(body)();
}
