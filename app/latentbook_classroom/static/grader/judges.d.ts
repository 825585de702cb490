/** The judge of each kind of question by its name: a module that is written where the scripts are bundled. */
declare module "latentbook-judges" {
  export const JUDGES: Record<string, import("latentbook/quiz/judge.js").Judge>;
}
