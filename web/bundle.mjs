// Bundles web/src into static/vendor: one small entry and a hashed chunk for each part.

import { build } from "esbuild";
import { readdirSync, rmSync } from "node:fs";

const out = new URL("../static/vendor/", import.meta.url).pathname;

for (const file of readdirSync(out)) {
  if (file !== ".gitkeep") rmSync(out + file);
}

await build({
  entryPoints: [new URL("src/parts.js", import.meta.url).pathname],
  outdir: out,
  bundle: true,
  format: "esm",
  splitting: true,
  minify: true,
  target: "es2022",
  legalComments: "eof",
  chunkNames: "[name]-[hash]",
  loader: { ".css": "text" },
  logLevel: "warning",
});
