// The page as such: it opens fast, obeys its policy, asks nobody else for anything, and remembers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ready, servedPolicy, start, terminalText, typeLine, waitForText } from "./support.mjs";

let site;
before(async () => { site = await start(); });
after(async () => { await site?.close(); });

test("the page takes a typed command within two seconds and has no trouble", async () => {
  const times = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    const { page, context, trouble } = await site.open({}, "/", "commit");
    const from = Date.now();
    await ready(page);
    await page.keyboard.type("kubectl get nodes\n");
    await waitForText(page, 1, /node-4 +Ready/);
    times.push(Date.now() - from);
    assert.deepEqual(trouble, []);
    await context.close();
  }
  console.log(`# opened and answered in ${times.join(", ")} ms`);
  assert.ok(Math.min(...times) < 2000, `it took ${times} ms`);
});

test("the page carries the policy that the server sends", async () => {
  const { page, context } = await site.open();
  const meta = await page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content");
  assert.equal(meta, servedPolicy());
  await context.close();
});

test("the editor is loaded only when it is opened", async () => {
  const { page, context, trouble } = await site.open();
  const loaded = [];
  page.on("request", (request) => loaded.push(request.url()));
  await ready(page);
  assert.ok(!loaded.some((url) => url.includes("editor-")));
  await page.getByRole("button", { name: "Files & editor" }).click();
  await page.getByRole("button", { name: "web.yaml", exact: true }).click();
  await page.waitForSelector(".cm-content");
  assert.ok(loaded.some((url) => url.includes("editor-")));
  assert.match(await page.locator(".cm-content").innerText(), /kind: StatefulSet/);
  assert.deepEqual(trouble, []);
  await context.close();
});

test("a reload goes on where the session was", async () => {
  const { page, context, trouble } = await site.open();
  await ready(page);
  await typeLine(page, 1, "kubectl create namespace kept");
  await waitForText(page, 1, "namespace/kept created");
  const before = await terminalText(page, 1);
  await page.waitForTimeout(2000);
  await page.reload();
  await ready(page);
  await waitForText(page, 1, "namespace/kept created");
  assert.equal(await terminalText(page, 1), before, "the same seed and inputs print the same bytes");
  await typeLine(page, 1, "kubectl get namespace kept");
  await waitForText(page, 1, /kept +Active/);
  assert.deepEqual(trouble, []);
  await context.close();
});

test("boundaries move by keyboard, the theme changes, and both are remembered", async () => {
  const { page, context, trouble } = await site.open();
  await ready(page);
  const boundary = page.getByRole("separator", { name: "Boundary between lesson and picture" });
  const width = async () => (await page.locator(".lesson").boundingBox()).width;
  const before = await width();
  await boundary.focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction((w) => document.querySelector(".lesson").clientWidth > w, before);
  await page.getByRole("button", { name: "Theme: system" }).click();
  await page.getByRole("button", { name: "Theme: light" }).click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  const moved = await width();
  await page.reload();
  await ready(page);
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  assert.equal(await width(), moved);
  assert.deepEqual(trouble, []);
  await context.close();
});

test("F6 leads from pane to pane, out of the terminal too", async () => {
  const { page, context } = await site.open();
  await ready(page);
  const where = () => page.evaluate(() => document.activeElement.closest(".lesson, .picture, .terms, .side")?.className);
  const seen = [await where()];
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press("F6");
    seen.push(await where());
  }
  assert.deepEqual(seen, ["terms", "side", "lesson", "picture", "terms"]);
  await context.close();
});

test("time stands still while paused, and jumps on demand", async () => {
  const { page, context } = await site.open();
  await ready(page);
  await page.getByRole("button", { name: "Pause" }).click();
  const clock = page.getByRole("timer");
  const stopped = await clock.innerText();
  await page.waitForTimeout(1200);
  assert.equal(await clock.innerText(), stopped);
  await page.getByRole("button", { name: "+1 s" }).click();
  assert.notEqual(await clock.innerText(), stopped);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.waitForFunction((text) => document.querySelector(".clock").textContent !== text, await clock.innerText());
  await context.close();
});
