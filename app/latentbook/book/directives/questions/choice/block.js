export { Picks as default } from "latentbook/quiz/picks.js";
