// One clerk, one morning, in a browser whose JavaScript is off: signs in, reads, takes, answers, mends, prints, signs out.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Desk, end, pdf, told } from "./clerk.mjs";

const desk = await Desk.open({ javaScriptEnabled: false, acceptDownloads: true });
const { page } = desk;

// Who is not signed in gets the door, wherever they wanted to go, and a wrong token is told in Chinese.
await desk.go("/console/partner/tasks");
assert.equal(desk.path(), "/console/partner/login");
await page.getByLabel("个人令牌").fill("xz_nobody");
await desk.leads(401, () => page.keyboard.press("Enter"));
await desk.says("令牌无效");
await desk.signIn(told.token);
await desk.says("待办 open 2", "逾期 overdue 0", told.case, told.name);

// What is ordered, by whom, with the papers as the court uploaded them.
const task = await desk.openTask("冻结");
await desk.says(told.case, told.name, told.id_number, told.account, "500.00", "陈听潮", "尚无人认领");
const paper = page.getByRole("link", { name: "协助冻结通知书" });
const [download] = await Promise.all([page.waitForEvent("download"), paper.click()]);
assert.equal(readFileSync(await download.path(), "utf8"), "%PDF-1.4\n% freeze_notice\n%%EOF\n");
await desk.leads(200, () => page.getByRole("button", { name: "认领" }).click());
await desk.says("（本人）");

// Two fields are wrong: each is told beside it and above, and nothing that was typed is lost.
const words = "余额不足，余下部分<b>轮候</b> \"&amp;\"";
await desk.choose("已办理");
await desk.field("limit").fill("五百元");
await desk.field("serial").fill("ZH-2026-17");
await desk.field("text").fill(words);
await desk.field("ahead.1.organ").fill("宁海县人民法院");
await desk.field("ahead.1.amount").fill("1,2");
await desk.field("to").fill(told.to);
await desk.field("replies").setInputFiles({ name: "回执.docx", mimeType: "application/zip", buffer: Buffer.from("PK") });
await desk.leads(422, () => desk.submit().click());
await desk.says("答复未提交", "请重新选择附件： choose the files again: 回执.docx");
for (const [name, wanted] of [
  ["limit", "须为以元为单位"],
  ["ahead.1.amount", "须为以元为单位"],
  ["replies", "须为PDF文件，至多5 MB"],
]) {
  const [field, fault] = [desk.field(name), page.locator(`[id="e-${name}"]`)];
  assert.ok((await fault.innerText()).includes(wanted), `${name}: ${await fault.innerText()}`);
  assert.equal(await field.getAttribute("aria-describedby"), `e-${name}`);
  const [here, beside] = [await field.boundingBox(), await fault.boundingBox()];
  assert.ok(beside.y >= here.y && beside.y - here.y - here.height < 40, `${name} is not told beside the field`);
}
for (const [name, typed] of [
  ["limit", "五百元"],
  ["serial", "ZH-2026-17"],
  ["text", words],
  ["ahead.1.organ", "宁海县人民法院"],
  ["ahead.1.amount", "1,2"],
  ["to", told.to],
]) {
  assert.equal(await desk.field(name).inputValue(), typed);
}
assert.ok(await page.getByRole("radio", { name: "已办理" }).isChecked());
const summary = page.getByRole("alert");
const { y } = await summary.boundingBox();
assert.ok(y >= 0 && y < page.viewportSize().height, "who sent the form sees at once that it came back");
await page.screenshot({ path: `${told.pictures}/faulty.png`, fullPage: true });

// Mended, but a sum is missing that only the kind of act asks for.
await desk.field("limit").fill("500.00");
await desk.field("ahead.1.amount").fill("120000.00");
await desk.field("replies").setInputFiles(pdf("回执.pdf", "sealed"));
await desk.leads(422, () => desk.submit().click());
assert.ok((await page.locator("#e-caught").innerText()).includes("须填写实际控制金额"));
await desk.field("caught").fill("320.50");
await desk.field("replies").setInputFiles(pdf("回执.pdf", "sealed"));
// An impatient clerk presses twice.
await desk.answers(() => desk.submit().dblclick());
assert.equal(desk.path(), `${task}#answered`);
await desk.says("已收到的答复", "部分办理", "320.50", "ZH-2026-17", words, "回执.pdf", told.digest, "宁海县人民法院 ¥120000.00");
const at = await page.locator("dl", { hasText: "存证序号" }).innerText();
const sequence = Number(at.match(/存证序号[^\d]*(\d+)/)[1]);

// The sheet is for paper: nothing of the page around it is printed.
await desk.leads(200, () => page.getByRole("link", { name: "打印办理单" }).click());
await desk.says("协助执行事项办理单", told.case, "单位盖章", "经办人签字");
await page.emulateMedia({ media: "print" });
assert.equal(await page.locator("header").isVisible(), false);
assert.ok(await page.locator(".sheet").isVisible());
await page.pdf({ path: `${told.pictures}/sheet.pdf`, preferCSSPageSize: true });
await page.emulateMedia({ media: "screen" });

// The other task at once, without taking it first; then back and forth, which sends nothing again.
const asking = await desk.openTask("查询");
await desk.choose("查无此人或无财产");
await desk.answers(() => desk.submit().click());
await page.goBack();
assert.equal(desk.path(), asking);
await desk.says("已收到的答复", "查无此人或无财产");
await page.goForward();
await desk.says("已收到的答复");
await desk.go("/console/partner/tasks");
await desk.says("没有待办事项");

// Whoever sits down next sees nothing, not even by the back button.
await desk.leads(200, () => page.getByRole("button", { name: "退出" }).click());
assert.equal(desk.path(), "/console/partner/login");
await page.goBack();
assert.equal(desk.path(), "/console/partner/login");
assert.equal((await desk.context.cookies()).length, 0);

await end({ sequence });
