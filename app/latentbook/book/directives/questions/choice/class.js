export { Picks as default } from "latentbook-class/picks.js";
