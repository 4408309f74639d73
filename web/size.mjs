// Prints what the page weighs, says when the first load is above its goal, and fails when it is above its limit.
// Usage: node web/size.mjs DIST

import { brotliCompressSync, gzipSync, constants } from "node:zlib";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** What the first load should weigh, in bytes of brotli. */
const GOAL = 900_000;
/** What it must not exceed: a little above what it weighs today, so that it can only shrink towards the goal. */
const LIMIT = 1_400_000;
/** Files that nothing needs before the first command: they load when they are first asked for. */
const LATER = [/^vendor\/editor-/, /^later\//];

const dist = process.argv[2] ?? "dist";
const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== ".gitkeep" && !(entry.parentPath ?? entry.path).includes(".stage"))
  .map((entry) => relative(dist, join(entry.parentPath ?? entry.path, entry.name)))
  .sort();

const kb = (bytes) => (bytes / 1000).toFixed(1).padStart(9);
const row = (name, sizes) => console.log(name.padEnd(44) + sizes.map(kb).join(""));
const first = [0, 0, 0];

console.log("size in kB".padEnd(44) + ["raw", "gzip", "brotli"].map((h) => h.padStart(9)).join(""));
for (const name of files) {
  const raw = readFileSync(join(dist, name));
  const brotli = brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: raw.length } });
  const sizes = [raw.length, gzipSync(raw, { level: 9 }).length, brotli.length];
  const later = LATER.some((pattern) => pattern.test(name));
  if (!later) sizes.forEach((size, i) => { first[i] += size; });
  row(name + (later ? " (later)" : ""), sizes);
}
row("first load", first);

if (first[2] > GOAL) console.log(`first load is ${first[2] - GOAL} bytes above its goal of ${GOAL}`);
if (first[2] > LIMIT) {
  console.error(`first load is ${first[2]} bytes, above the limit of ${LIMIT}`);
  process.exit(1);
}
