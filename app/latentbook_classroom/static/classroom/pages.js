/** What the pages of the classroom do with scripts: without them they show the same in UTC. */
import { keepEntries } from "./refused.js";
import { showFields, showTimes } from "./times.js";

showTimes(document);
showFields();
keepEntries();
