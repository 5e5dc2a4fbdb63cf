// A clerk at a real browser: Debian's chromium without a window, driven by playwright-core. Every request and every word of its console is watched.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const modules = createRequire(`${process.argv[2]}/`);
const { chromium } = modules("playwright-core");

export const told = JSON.parse(readFileSync(0, "utf8"));
export const axe = () => readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");

// The browser asks nobody but the gateway, not even for an address. Its own folder is a fresh one of each start.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

const browser = await chromium.launch({ executablePath: told.chromium, headless: true, args: FLAGS });
const desks = [];

// A browser of one person, with cookies of its own. What its console may say is announced: the status of a page that is refused.
export class Desk {
  static async open(options = {}) {
    const context = await browser.newContext({ locale: "zh-CN", timezoneId: "Asia/Shanghai", ...options });
    context.setDefaultTimeout(20_000);
    const desk = new Desk();
    Object.assign(desk, { context, refusals: [], strayed: [], complaints: [] });
    context.on("request", (request) => {
      if (new URL(request.url()).origin !== told.url) desk.strayed.push(request.url());
    });
    context.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) desk.complaints.push(message.text());
    });
    context.on("weberror", (error) => desk.complaints.push(String(error.error())));
    desks.push(desk);
    desk.page = await context.newPage();
    return desk;
  }

  async go(path) {
    return this.page.goto(`${told.url}${path}`);
  }

  path() {
    const { pathname, hash } = new URL(this.page.url());
    return pathname + hash;
  }

  async says(...texts) {
    const text = await this.page.locator("body").innerText();
    for (const wanted of texts) assert.ok(text.includes(wanted), `${this.path()} does not say ${wanted}:\n${text}`);
  }

  // Does what leads to another page, which has the status.
  async leads(status, act) {
    if (status >= 400) this.refusals.push(status);
    const [response] = await Promise.all([this.page.waitForNavigation(), act()]);
    assert.equal(response.status(), status, `${this.path()}`);
  }

  // Sends the form with a click or two and waits for the page of the received answer. The second press of two takes the place of the
  // first on its way, which the browser tells as an aborted load; the page that counts comes after it.
  async answers(act) {
    const arrived = async () => {
      for (;;) {
        try {
          return await this.page.waitForURL("**/tasks/*#answered");
        } catch (error) {
          if (!String(error).includes("ERR_ABORTED")) throw error;
        }
      }
    };
    await Promise.all([arrived(), act()]);
  }

  async signIn(token) {
    await this.go("/console/partner");
    assert.equal(this.path(), "/console/partner/login");
    await this.page.getByLabel("个人令牌").fill(token);
    await this.leads(200, () => this.page.keyboard.press("Enter"));
    assert.equal(this.path(), "/console/partner/tasks");
  }

  // Opens the task of a kind from the list; what its address is.
  async openTask(kind) {
    await this.go("/console/partner/tasks");
    const row = this.page.locator("table.list tbody tr", { hasText: kind });
    await this.leads(200, () => row.getByRole("link").click());
    return this.path();
  }

  field(name) {
    return this.page.locator(`[id="f-${name}"]`);
  }

  async choose(verdict) {
    await this.page.getByRole("radio", { name: verdict }).check();
  }

  submit() {
    return this.page.getByRole("button", { name: "提交答复" });
  }
}

export const pdf = (name, text) => ({
  name,
  mimeType: "application/pdf",
  buffer: Buffer.from(`%PDF-1.7\n% ${text}\n%%EOF\n`),
});

// Ends all; fails when anything left the gateway's origin or the console said what was not announced.
export async function end(seen = {}) {
  for (const desk of desks) {
    assert.deepEqual(desk.strayed, [], "requests left the gateway");
    const announced = desk.refusals.map((status) => `the server responded with a status of ${status} `);
    const unexpected = desk.complaints.filter((text) => {
      if (desk.provoked && /Content Security Policy|Fetch API cannot load/.test(text)) return false;
      const place = announced.findIndex((part) => text.includes(part));
      if (place >= 0) announced.splice(place, 1);
      return place < 0;
    });
    assert.deepEqual(unexpected, [], "the browser's console complains");
  }
  await browser.close();
  console.log(JSON.stringify(seen));
}
