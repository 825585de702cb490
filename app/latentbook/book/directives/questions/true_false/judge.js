export { judgePick as judge } from "latentbook/quiz/judge.js";
