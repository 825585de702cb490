/** Scripts for the pages of the classroom, which show the same without them, but in UTC. */
import { keepEntries } from "./refused.js";
import { showFields, showTimes } from "./times.js";

showTimes(document);
showFields();
keepEntries();
