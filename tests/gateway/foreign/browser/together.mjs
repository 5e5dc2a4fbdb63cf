// Two clerks of one counter on one task: the second is told who has it, and keeps what was typed.
import assert from "node:assert/strict";
import { Desk, end, pdf, told } from "./clerk.mjs";

const [one, two] = [await Desk.open(), await Desk.open()];
await one.signIn(told.tokens[0]);
await two.signIn(told.tokens[1]);
const task = await one.openTask("冻结");
assert.equal(await two.openTask("冻结"), task);
// The second clerk has it open twice: one window to take it, one half filled in.
const half = await two.context.newPage();
await half.goto(`${told.url}${task}`);
await half.getByRole("radio", { name: "未办理" }).check();
await half.locator("#f-text").fill("户名不符");

await one.leads(200, () => one.page.getByRole("button", { name: "认领" }).click());
await one.says("（本人）");
await two.leads(409, () => two.page.getByRole("button", { name: "认领" }).click());
await two.says("该事项已由本单位另一经办人认领", "认领人：clerk-1", "clerk-1 正在办理此事项");
assert.equal(await two.submit().count(), 0, "no form invites a second answer");
await two.page.screenshot({ path: `${told.pictures}/claimed-by-another.png`, fullPage: true });

two.refusals.push(409);
await Promise.all([half.waitForNavigation(), half.getByRole("button", { name: "提交答复" }).click()]);
const text = await half.locator("body").innerText();
assert.ok(text.includes("该事项已由本单位另一经办人认领") && text.includes("认领人：clerk-1"), text);
assert.equal(await half.locator("#f-text").inputValue(), "户名不符");
assert.ok(await half.getByRole("radio", { name: "未办理" }).isChecked());

await two.go("/console/partner/tasks");
await two.says("clerk-1");
await one.choose("已办理");
await one.field("limit").fill("500.00");
await one.field("caught").fill("500.00");
await one.field("replies").setInputFiles([pdf("回执一.pdf", "one"), pdf("回执二.pdf", "two")]);
await one.answers(() => one.submit().click());
await one.says("已收到的答复", "回执一.pdf", "回执二.pdf");
await two.go(task);
await two.says("已收到的答复", "500.00");
await end();
