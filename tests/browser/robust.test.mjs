// Bad input: a clear error or a bounded wait each time, Ctrl-C works, and the page stays alive.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ready, start, typeLine, waitForText } from "./support.mjs";

let site;
before(async () => { site = await start(); });
after(async () => { await site?.close(); });

let alive = 0;

/** The page draws, and the shell answers. */
async function assertAlive(page) {
  alive += 1;
  await typeLine(page, 1, `echo alive-$((${alive}+0))`);
  await waitForText(page, 1, new RegExp(`^alive-${alive}$`, "m"));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
}

const CASES = [
  ["an unknown command", "frobnicate", /frobnicate: command not found/],
  ["an unknown kubectl command", "kubectl frobnicate", /unknown command "frobnicate" for "kubectl"/],
  ["an unknown flag", "kubectl get pods --frobnicate", /unknown flag: --frobnicate/],
  ["an unknown kind", "kubectl get frobs", /the server doesn't have a resource type "frobs"/],
  ["an absent file", "cat no-such-file", /no-such-file: No such file or directory/],
  ["an absent manifest", "kubectl apply -f no-such-file.yaml", /the path "no-such-file.yaml" does not exist/],
  ["broken YAML", "printf 'a: b: c\\n' | kubectl apply -f -", /error/],
  ["an unknown field", "sed 's/replicas:/replica:/' web.yaml | kubectl apply -f -", /unknown\s+field\s+"spec.replica"/],
  ["an open quote", "echo 'open\n'", /open/],
  ["a syntax error", "if then fi )", /syntax error/],
];

for (const [name, line, wanted] of CASES) {
  test(name, async () => {
    const { page, context, trouble } = await site.open();
    await ready(page);
    await typeLine(page, 1, line);
    await waitForText(page, 1, wanted);
    await assertAlive(page);
    assert.deepEqual(trouble, []);
    await context.close();
  });
}

test("an endless loop ends with Ctrl-C", async () => {
  const { page, context, trouble } = await site.open();
  await ready(page);
  await typeLine(page, 1, "while true; do :; done");
  await page.waitForTimeout(1500);
  await page.keyboard.press("Control+c");
  await assertAlive(page);
  assert.deepEqual(trouble, []);
  await context.close();
});

test("a hundred thousand replicas leave the page alive", { timeout: 120_000 }, async () => {
  const { page, context, trouble } = await site.open();
  await ready(page);
  await typeLine(page, 1, "kubectl apply -f web.yaml");
  await waitForText(page, 1, "statefulset.apps/web created");
  await typeLine(page, 1, "kubectl scale statefulset web --replicas=100000");
  await waitForText(page, 1, "scaled");
  await page.getByRole("button", { name: "60 times speed" }).click();
  await page.waitForTimeout(5000);
  await assertAlive(page);
  assert.deepEqual(trouble, []);
  await context.close();
});

test("a megabyte can be pasted", { timeout: 120_000 }, async () => {
  const { page, context, trouble } = await site.open();
  await ready(page);
  await page.locator("[data-terminal='1'].term textarea").focus();
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData("text/plain", "x".repeat(1_000_000));
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await page.waitForTimeout(1000);
  await page.keyboard.press("Control+c");
  await assertAlive(page);
  assert.deepEqual(trouble, []);
  await context.close();
});
