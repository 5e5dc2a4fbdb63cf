// Every page for everybody: by keyboard alone, by ear, on a wide screen and on a narrow one; and nothing that slips in runs.
import assert from "node:assert/strict";
import { Desk, axe, end, pdf, told } from "./clerk.mjs";

const WIDTHS = [1280, 390];
const desk = await Desk.open({ viewport: { width: 1280, height: 800 } });
const { page } = desk;
const judge = axe();

// What holds of every page, at both widths. On a narrow screen axe looks where it is laid out otherwise: where tables come apart.
async function sound(name, { tables = false } = {}) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    await page.screenshot({ path: `${told.pictures}/${name}-${width}.png`, fullPage: true });
    const seen = await page.evaluate(() => {
      const inputs = [...document.querySelectorAll("input:not([type=hidden]), select, textarea")];
      const { scrollWidth, clientWidth, lang } = document.documentElement;
      return {
        lang,
        scripts: document.scripts.length,
        nameless: inputs.filter((input) => input.labels.length === 0).map((input) => input.name),
        beyond: scrollWidth - clientWidth,
      };
    });
    assert.deepEqual(seen, { lang: "zh-CN", scripts: 0, nameless: [], beyond: 0 }, `${name} at ${width}`);
    if (width < 1280 && !tables) continue;
    await page.evaluate(judge);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { preload: false }));
    const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(" ")}`);
    assert.deepEqual(found, [], `${name} at ${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

// Tab goes through everything that can be used, in the order in which it stands, and leaves nothing out.
async function inOrder(name) {
  const standing = await page.evaluate(() => {
    const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")];
    const groups = new Set();
    const usable = all.filter((one) => {
      if (!one.checkVisibility()) return false;
      if (one.type !== "radio") return true;
      const first = !groups.has(one.name);
      groups.add(one.name);
      return first;
    });
    usable.forEach((one, place) => (one.dataset.place = place));
    document.activeElement.blur();
    getSelection().setBaseAndExtent(document.body, 0, document.body, 0);
    return usable.length;
  });
  const reached = [];
  // A date takes several presses, one for each of its parts.
  for (let presses = 0; presses < standing * 5 && reached.length < standing; presses += 1) {
    await page.keyboard.press("Tab");
    const place = await page.evaluate(() => document.activeElement?.dataset.place);
    if (place !== undefined && reached.at(-1) !== Number(place)) reached.push(Number(place));
  }
  assert.deepEqual(reached, Array.from({ length: standing }, (_, place) => place), `${name} by keyboard`);
}

// Presses Tab until something is in focus.
async function tabTo(wanted) {
  for (let presses = 0; presses < 120; presses += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const { id, value, innerText } = document.activeElement;
      return [id, value, innerText].filter((text) => typeof text === "string").join(" ");
    });
    if (at.includes(wanted)) return;
  }
  assert.fail(`${wanted} is not reached by Tab`);
}

// ---- the door: the field for the token has the focus already
await desk.go("/console/partner");
await sound("door");
await desk.go("/console/partner");
// A page is loaded a moment before its field gets the focus: what is typed in between goes nowhere.
await page.locator("input[name=token]:focus").waitFor();
await page.keyboard.type(told.token);
await desk.leads(200, () => page.keyboard.press("Enter"));

// ---- the list: what is late is marked
await desk.says("逾期 overdue 2");
assert.equal(await page.locator("tr.late .badge").count(), 2);
await sound("list", { tables: true });
await inOrder("list");

// ---- a question, with its accounts
await desk.openTask("查询");
await sound("query");
await inOrder("query");
await page.locator("summary", { hasText: "更多行" }).click();
await desk.field("accounts.11.number").fill("浙(2026)象山县不动产权第0000017号");
await desk.field("accounts.11.balance").fill("许多");
await desk.choose("已查询");
await desk.leads(422, () => desk.submit().click());
await desk.says("第12行 · 余额");
assert.ok(await desk.field("accounts.11.balance").isVisible(), "what is wrong is not folded away");
await sound("query-faulty", { tables: true });

// ---- a freeze, from the list to the answer without a mouse
await desk.go("/console/partner/tasks");
const row = page.locator("table.list tbody tr", { hasText: "冻结" });
await tabTo(await row.getByRole("link").innerText());
await desk.leads(200, () => page.keyboard.press("Enter"));
const task = desk.path();
await tabTo("认领");
await desk.leads(200, () => page.keyboard.press("Enter"));
await sound("freeze");
await inOrder("freeze");
await desk.go(task);
// Asked for in time: the browser must know that somebody waits for its chooser before the key is pressed.
const choosing = page.waitForEvent("filechooser");
await tabTo("done");
await page.keyboard.press("Space");
await tabTo("f-limit");
await page.keyboard.type("500.00");
await tabTo("f-caught");
await page.keyboard.type("80.00");
await tabTo("f-text");
await page.keyboard.type("<script>globalThis.slipped = true</script><img src=x onerror=\"globalThis.slipped = true\">");
await tabTo("f-replies");
await page.keyboard.press("Enter");
await (await choosing).setFiles(pdf("回执.pdf", "by keyboard"));
await tabTo("提交答复");
await Promise.all([page.waitForURL("**/tasks/*#answered"), page.keyboard.press("Enter")]);
await desk.says("已收到的答复", "部分办理", "80.00", "<script>globalThis.slipped");
await sound("answered");
await desk.go(`${task}/sheet`);
await sound("sheet");

// ---- a task with nothing unusual, and an address that leads nowhere
desk.refusals.push(404);
await desk.go("/console/partner/tasks/act_0000000000000");
await sound("told");

// ---- whatever slips in as markup does nothing: the policy of the page forbids it
const provoked = await Desk.open();
provoked.provoked = true;
await provoked.signIn(told.token);
await provoked.go(task);
const slipped = await provoked.page.evaluate(async () => {
  const wanted = ["connect-src", "img-src", "script-src-elem", "style-src-attr"];
  const forbidden = new Set();
  const all = new Promise((done) => {
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
      forbidden.add(effectiveDirective);
      if (wanted.every((one) => forbidden.has(one))) done();
    });
  });
  const script = document.createElement("script");
  script.textContent = "globalThis.slipped = true";
  document.body.append(script);
  const picture = document.createElement("img");
  picture.src = "/x.png";
  document.body.append(picture);
  document.body.setAttribute("style", "display: none");
  await fetch("/v1/partner/tasks").catch(() => {});
  await all;
  return { ran: globalThis.slipped === true, display: getComputedStyle(document.body).display };
});
assert.deepEqual(slipped, { ran: false, display: "block" });
await end();
