// The page as such: it opens, it obeys its policy, it asks nobody else for anything.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { screenshot, servedPolicy, start } from "./support.mjs";

let site;
before(async () => { site = await start(); });
after(async () => { await site?.close(); });

test("the page opens without trouble", async () => {
  const { page, context, trouble } = await site.open();
  await page.waitForSelector("main");
  await screenshot(page, "start");
  assert.deepEqual(trouble, []);
  await context.close();
});

test("the page carries the policy that the server sends", async () => {
  const { page, context } = await site.open();
  const meta = await page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content");
  assert.equal(meta, servedPolicy());
  await context.close();
});
