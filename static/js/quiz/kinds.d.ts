/** Written by the build: the script of each kind of question (app/latentbook/book/write/assets.py). */
declare module "latentbook-kinds" {
  export const KINDS: Record<string, () => Promise<{ default: import("./types.js").KindOf }>>;
}
