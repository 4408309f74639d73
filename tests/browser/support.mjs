// What every browser test needs: the built page behind a plain server, a browser, and a page that reports trouble.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { mkdirSync, readFileSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { findBrowser } from "./find-browser.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const require = createRequire(join(root, "web/package.json"));
const { chromium } = require("playwright-core");

const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm",
  ".svg": "image/svg+xml", ".json": "application/json",
};

/** The policy that the development server sends; the page repeats it. */
export function servedPolicy() {
  return readFileSync(join(root, "Trunk.toml"), "utf8").match(/^Content-Security-Policy = "(.*)"$/m)[1];
}

async function serveDist() {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname).replace(/\/$/, "/index.html");
    try {
      const body = await readFile(join(root, "dist", path));
      response.writeHead(200, {
        "content-type": TYPES[extname(path)] ?? "application/octet-stream",
        "content-security-policy": servedPolicy(),
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

/** Starts server and browser once for a test file; `close` ends both. */
export async function start() {
  const server = await serveDist();
  const browser = await chromium.launch({
    executablePath: findBrowser(),
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    browser,
    /** Opens a fresh page and collects console trouble and requests to other origins in `trouble`. */
    async open(options = {}, path = "/", until = "load") {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
      const page = await context.newPage();
      const trouble = [];
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) trouble.push(`${message.type()}: ${message.text()}`);
      });
      page.on("pageerror", (error) => trouble.push(`exception: ${error.message}`));
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(origin) && !/^(data|blob):/.test(url)) trouble.push(`foreign request: ${url}`);
      });
      await page.goto(origin + path, { waitUntil: until });
      return { page, context, trouble };
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}

/** The text that a terminal shows. */
export async function terminalText(page, number) {
  const rows = await page.locator(`[data-terminal="${number}"].term .xterm-rows > div`).allInnerTexts();
  return rows.map((row) => row.replace(/\u00a0/g, " ").trimEnd()).join("\n").trimEnd();
}

/** Waits until a terminal shows what is wanted, a text or a regular expression. */
export async function waitForText(page, number, wanted, timeout = 10_000) {
  const end = Date.now() + timeout;
  for (;;) {
    const text = await terminalText(page, number);
    // A long line is wrapped, so it is also looked for without the breaks.
    const forms = [text, text.replace(/\n/g, "")];
    if (forms.some((form) => (typeof wanted === "string" ? form.includes(wanted) : wanted.test(form)))) return text;
    if (Date.now() > end) throw new Error(`terminal ${number} does not show ${wanted}:\n${text}`);
    await page.waitForTimeout(50);
  }
}

/** Waits until the page takes keys in terminal 1. */
export async function ready(page) {
  await page.waitForSelector("[data-terminal='1'].term textarea");
  await waitForText(page, 1, "$");
}

/** Types a line into a terminal. */
export async function typeLine(page, number, line) {
  await page.locator(`[data-terminal="${number}"].term textarea`).focus();
  await page.keyboard.type(`${line}\n`);
}

/** The source of axe-core, to be evaluated in a page. */
export function axeSource() {
  return readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
}

/** Saves a screenshot into test-results, for people to look at. */
export async function screenshot(page, name) {
  const dir = join(root, "test-results");
  mkdirSync(dir, { recursive: true });
  await page.screenshot({ path: join(dir, `${name}.png`) });
}
