// Drives the partner faces with the npm library `soap`, from their descriptions and nothing else; says and prints what pull.py does.
// GBK of what is said here is the same as that of its ASCII, so names are compared as bytes.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const soap = createRequire(`${process.argv[2]}/`)("soap");
const gbk = new TextDecoder("gbk");
const utf8 = new TextDecoder("utf-8");

async function run(told) {
  const elements = told.kind === "registry";
  const client = await soap.createClientAsync(`${told.url}?wsdl`);
  const cover = (text) => Buffer.from(text, "utf8").toString("base64");
  const bytes = (text) => Buffer.from(text ?? "", "base64");
  const open = (text) => (told.charset === "gbk" ? gbk : utf8).decode(bytes(text));
  const part = (name, fields, inside = "") =>
    elements
      ? `<${name}>${Object.entries(fields).map(([key, value]) => `<${key}>${cover(value)}</${key}>`).join("")}${inside}</${name}>`
      : `<${name}${Object.entries(fields).map(([key, value]) => ` ${key}="${cover(value)}"`).join("")}>${inside}</${name}>`;
  const marker = elements
    ? cover(`<USERMARKER>${part("CONDITION", { USERNAME: told.username, PASSWORD: told.password })}</USERMARKER>`)
    : cover(`<usermarker>${part("condition", { username: told.username, password: told.password })}</usermarker>`);
  const call = async (purpose, inner) => {
    const operation = told.operations[purpose];
    const shape = Object.values(Object.values(client.describe())[0])[0][operation].input;
    const [first, second] = Object.keys(shape).filter((name) => !name.startsWith("target"));
    const given = inner === undefined ? { [first]: marker } : { [first]: marker, [second]: cover(inner) };
    const [answer] = await client[`${operation}Async`](given);
    return open(answer.return);
  };
  // Every value is Base64, so no sign of XML stands inside one.
  const rows = (text, name) => {
    const found = elements
      ? text.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, "gs"))
      : text.matchAll(new RegExp(`<${name} ([^>]*?)/?>`, "gs"));
    return [...found].map((match) => match[1]);
  };
  const raw = (row, name) =>
    (elements ? row.match(new RegExp(`<${name}>(.*?)</${name}>`)) : row.match(new RegExp(`(?:^| )${name}="([^"]*)"`)))?.[1];
  const field = (row, name) => open(raw(row, name));
  const verdicts = (text) => rows(text, elements ? "JG" : "jg").map((row) => [field(row, "RESULT"), field(row, "MSG")]);
  const papers = async (purpose, key, name) => {
    const condition = part(elements ? "CONDITION" : "condition", { [name]: key });
    const found = rows(await call(purpose, `<wsbhinfo>${condition}</wsbhinfo>`), elements ? "WSINFO" : "wsinfo");
    for (const row of found) {
      const sum = createHash("md5").update(bytes(raw(row, "WSNR"))).digest("hex");
      if (sum !== field(row, "MD5")) throw new Error("a paper's MD5 is not that of its bytes");
    }
    return found.length;
  };

  const number = elements ? "CXQQDH" : "BDHM";
  const seen = {};
  const queries = rows(await call("list_queries"), elements ? "BDCCXQQ" : "cxqq");
  seen.queries = queries.map((row) => [field(row, "XM"), field(row, elements ? "ZJH" : "DSRZJHM")]);
  const slip = field(queries[0], number);
  seen.query_papers = await papers("query_papers", field(queries[0], "WSBH"), "WSBH");
  const condition = part(elements ? "CONDITION" : "condition", { [number]: slip });
  const scans = rows(await call("credentials", `<bdhminfo>${condition}</bdhminfo>`), elements ? "ZJINFO" : "zjinfo");
  seen.scans = scans.map((row) => bytes(raw(row, "GZZ")).length > 0);
  const answer = elements
    ? `<Message><Head/><Data>${part("BDCCXJG", { CXQQDH: slip, RESULT: "0000" }, part("FDCQ", { BDCDYH: "U-1", BDCQZH: "T-1" }))}</Data></Message>`
    : `<zhxxList>${part("zhxx", { BDHM: slip, CCXH: "1", KHZH: "6222-1", YE: "12.5000", KYYE: "12.50", BZ: "156" })}</zhxxList>`;
  seen.unknown = verdicts(await call("feed_queries", answer.replaceAll(cover(slip), cover("A20201120E0100000001"))));
  seen.fed = verdicts(await call("feed_queries", answer));
  const listed = await call("list_controls");
  seen.measures = rows(listed, elements ? "BDCQL" : "kzzh").map((row) => field(row, "KZCS"));
  const control = field(rows(listed, elements ? "BDCKZQQ" : "kzqq")[0], number);
  seen.control_papers = await papers("control_papers", control, number);
  const back = part(elements ? "HTXX" : "htxx", { [number]: control, XCHTYY: "other", XCHTR: "clerk" });
  seen.handed_back = verdicts(
    await call("hand_back", elements ? `<Message><Head/><Data>${back}</Data></Message>` : `<htxxlist>${back}</htxxlist>`),
  );
  seen.left = rows(await call("list_queries"), elements ? "BDCCXQQ" : "cxqq").length;
  return seen;
}

const told = JSON.parse(readFileSync(0, "utf8"));
const seen = [];
for (const face of told.faces) seen.push(await run(face));
console.log(JSON.stringify(seen));
