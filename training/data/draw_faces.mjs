// SVG of portraits put together from parts: node draw_faces.mjs STYLE < list.json > svgs.json; each entry has DiceBear's options.
import { createAvatar } from "@dicebear/core";

const style = await import(`@dicebear/${process.argv[2]}`);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const portraits = JSON.parse(Buffer.concat(chunks));
process.stdout.write(JSON.stringify(portraits.map((options) => createAvatar(style, options).toString())));
