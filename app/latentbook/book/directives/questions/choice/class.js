export { Picks as default } from "latentbook/lecture/picks.js";
