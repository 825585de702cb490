// Draws SVG to raw RGB on white: node draw_svg.mjs SIDE < list.json > pixels; a failure is one grey picture and a line on stderr.
import sharp from "sharp";

const side = Number(process.argv[2]);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
for (const [row, svg] of JSON.parse(Buffer.concat(chunks)).entries()) {
  let pixels = Buffer.alloc(side * side * 3, 128);
  try {
    const drawn = sharp(Buffer.from(svg)).resize(side, side).flatten({ background: "white" });
    pixels = await drawn.removeAlpha().toColourspace("srgb").raw().toBuffer();
  } catch (error) {
    console.error(`${row}: ${error.message}`);
  }
  process.stdout.write(pixels);
}
