// The whole first lesson, followed with clicks alone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ready, screenshot, start, terminalText } from "./support.mjs";

let site;
before(async () => { site = await start(); });
after(async () => { await site?.close(); });

const STEP_MS = 60_000;

/** Runs the blocks of the step that is shown, each when its terminal is free or only watches. */
async function runStep(page) {
  const blocks = page.locator(".prose .run");
  for (let i = 0; i < await blocks.count(); i++) {
    const block = blocks.nth(i);
    await waitForChecksBefore(block);
    await block.getByRole("button", { name: /^Run/ }).click();
    const watches = /(^|\s)-w(\s|$)|--watch/.test(await block.locator("pre").innerText());
    if (watches) {
      await page.waitForTimeout(300);
    } else {
      await block.getByText("✓ run in").waitFor({ timeout: STEP_MS });
    }
  }
}

/** A block below a check is for when the check holds. */
async function waitForChecksBefore(block) {
  const end = Date.now() + STEP_MS;
  const open = () => block.evaluate((element) => [...document.querySelectorAll(".prose .checks .todo")]
    .some((check) => check.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING));
  while (await open() && Date.now() < end) await new Promise((done) => setTimeout(done, 100));
}

async function waitForChecks(page, step) {
  const open = page.locator(".checks .todo");
  const end = Date.now() + STEP_MS;
  while (await open.count()) {
    if (Date.now() > end) {
      const left = await open.allInnerTexts();
      const shown = [await terminalText(page, 1), await terminalText(page, 2)];
      throw new Error(`step ${step}: still open: ${left.join("; ")}\n① ${shown[0]}\n② ${shown[1]}`);
    }
    await page.waitForTimeout(100);
  }
}

test("StatefulSet Basics, by clicks alone, to the end", { timeout: 900_000 }, async () => {
  const { page, context, trouble } = await site.open();
  await ready(page);
  await page.getByRole("button", { name: "20 times speed" }).click();
  const steps = await page.locator(".dot").count();
  for (let step = 1; step <= steps; step++) {
    const shots = { 1: "lesson-start", 6: "lesson-scaling", 9: "lesson-rolling-update" };
    await runStep(page);
    if (shots[step]) await screenshot(page, shots[step]);
    await waitForChecks(page, step);
    if (step < steps) await page.getByRole("button", { name: "Next →" }).click();
  }
  await page.getByText("Lesson complete.").waitFor();
  assert.equal(await page.locator(".dot.d").count(), steps);
  await screenshot(page, "lesson-end");
  assert.deepEqual(trouble, []);
  await context.close();
});
