// Accessibility: axe finds nothing, on any size, in both themes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeSource, ready, screenshot, start, typeLine } from "./support.mjs";

let site;
before(async () => { site = await start(); });
after(async () => { await site?.close(); });

async function check(page, what) {
  await page.evaluate(axeSource());
  // xterm's own hidden helpers are its business; everything that we draw is checked.
  const result = await page.evaluate(() => globalThis.axe.run(
    { exclude: [[".xterm"]] },
    // The boundaries lie between the landmarks on purpose.
    { rules: { region: { enabled: false } } },
  ));
  const found = result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(found, [], what);
}

const SIZES = [["wide", 1440, 900], ["tablet", 768, 1024], ["phone", 390, 844]];

for (const colorScheme of ["light", "dark"]) {
  for (const [name, width, height] of SIZES) {
    test(`${name}, ${colorScheme}`, async () => {
      const { page, context } = await site.open({ viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
      await page.waitForSelector(".term textarea", { state: "attached" });
      const narrow = width <= 900;
      if (narrow) await page.getByRole("button", { name: "Terminal ①" }).click();
      await ready(page);
      await page.getByRole("button", { name: "20 times speed" }).click();
      await typeLine(page, 1, "kubectl apply -f web.yaml");
      await page.waitForSelector(".pod.good");
      await screenshot(page, `${name}-${colorScheme}-terminal`);
      await page.locator(".pod").first().click();
      await check(page, "terminal and inspector");
      if (narrow) await page.getByRole("button", { name: "Inspector", exact: true }).click();
      await screenshot(page, `${name}-${colorScheme}-inspector`);
      await check(page, "inspector");
      if (narrow) await page.getByRole("button", { name: "Lesson", exact: true }).click();
      await screenshot(page, `${name}-${colorScheme}-lesson`);
      await check(page, "lesson");
      await page.getByRole("button", { name: narrow ? "Editor" : "Files & editor", exact: true }).click();
      await page.getByRole("button", { name: "web.yaml", exact: true }).click();
      await page.waitForSelector(".cm-content");
      await screenshot(page, `${name}-${colorScheme}-editor`);
      await check(page, "files and editor");
      await page.getByRole("button", { name: "Help and about" }).click();
      await check(page, "about");
      await screenshot(page, `${name}-${colorScheme}-about`);
      await page.keyboard.press("Escape");
      await page.locator("dialog").waitFor({ state: "detached", timeout: 5000 });
      await context.close();
    });
  }
}
