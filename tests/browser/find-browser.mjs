// Finds a Chromium or Chrome: CHROMIUM, then PATH, then the usual places.
// Run as a program it prints the path, or says how to get one and exits with status 1.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"];
const PLACES = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
];

function runs(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of a browser, or an error that says how to get one. */
export function findBrowser() {
  const named = process.env.CHROMIUM;
  if (named) {
    if (runs(named)) return named;
    throw new Error(`CHROMIUM is set to ${named}, which is not a program that can be run.`);
  }
  const onPath = (process.env.PATH ?? "").split(delimiter).flatMap((dir) => NAMES.map((name) => join(dir, name)));
  const found = [...onPath, ...PLACES].find(runs);
  if (found) return found;
  throw new Error(
    "The browser tests need Chromium or Chrome and found none.\n"
    + "  Debian, Ubuntu:  sudo apt-get install chromium\n"
    + "  Fedora:          sudo dnf install chromium\n"
    + "  macOS:           brew install --cask google-chrome\n"
    + "  elsewhere:       CHROMIUM=/path/to/chrome make test",
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(findBrowser());
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
