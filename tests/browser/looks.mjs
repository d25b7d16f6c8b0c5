// Every page in every variant: examined, weighed, and kept as a picture. Arguments: a JSON file of who
// sees what, and the folder of the pictures.

import { mkdirSync, readFileSync } from "node:fs";
import { BASE, VARIANTS, examine, launch, person, problem, verdict } from "./chromium.mjs";

const [plan, folder] = process.argv.slice(2);
/** [{ who, cookies: [{ name, value }], pages: [{ name, path, status, fill: [[selector, text]], forged, press }] }] */
const people = JSON.parse(readFileSync(plan, "utf8"));
/** What a page with style and script may weigh. */
const MAX_BYTES = 60_000;
/** As many as a small machine has cores. */
const BROWSERS_AT_WORK = 2;

const sizes = new Map();

async function size(path) {
  if (!sizes.has(path)) sizes.set(path, (await (await fetch(BASE + path)).arrayBuffer()).byteLength);
  return sizes.get(path);
}

let seen = 0;
let heaviest = { bytes: 0, name: "" };

/** The page comes whole with one request more, for its style: the script may come later. */
async function weigh(page, name, response) {
  const needs = await page.evaluate(() => ({
    styles: [...document.querySelectorAll("link[rel=stylesheet]")].map((link) => new URL(link.href).pathname),
    scripts: [...document.scripts].map((script) => ({ path: new URL(script.src).pathname, later: script.defer })),
  }));
  if (needs.styles.length > 1) problem(`${name} waits for ${needs.styles.length} styles`);
  for (const { path } of needs.scripts.filter(({ later }) => !later)) problem(`${name} waits for ${path}`);
  const parts = [...needs.styles, ...needs.scripts.map(({ path }) => path)];
  let bytes = Buffer.byteLength(await response.body());
  for (const path of parts) bytes += await size(path);
  if (bytes > MAX_BYTES) problem(`${name} weighs ${bytes} bytes`);
  if (bytes > heaviest.bytes) heaviest = { bytes, name };
}

/** Opens the page and, where there is a form to send, sends it. */
async function open(page, { path, fill, forged, press }) {
  const response = await page.goto(BASE + path);
  if (!press) return response;
  for (const [selector, text] of fill) await page.fill(selector, text);
  if (forged) await page.locator("main [name=csrf_token]").first().evaluate((field) => { field.value = "0"; });
  const [answer] = await Promise.all([page.waitForNavigation(), page.locator(press).first().click()]);
  return answer;
}

/** One page: opened once, then looked at in every variant. */
async function look(page, who, wanted) {
  await page.setViewportSize(VARIANTS[0].viewport);
  const response = await open(page, wanted);
  if (response.status() !== wanted.status) problem(`${wanted.name}: ${response.status()} instead of ${wanted.status}`);
  await weigh(page, wanted.name, response);
  for (const { name, viewport, colorScheme } of VARIANTS) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await examine(page, `${wanted.name} (${who}, ${name})`);
    await page.screenshot({ path: `${folder}/${name}/${wanted.name}.png`, fullPage: true });
    seen += 1;
  }
  // Whoever waits sees that it goes on.
  console.log(`${wanted.name} (${who})`);
}

const started = Date.now();
const browser = await launch();
for (const { name } of VARIANTS) mkdirSync(`${folder}/${name}`, { recursive: true });
const work = people.flatMap(({ who, cookies, pages }) => pages.map((wanted) => ({ who, cookies, wanted })));
await Promise.all(Array.from({ length: BROWSERS_AT_WORK }, async () => {
  const open = new Map();
  for (let next = work.shift(); next; next = work.shift()) {
    const { who, cookies, wanted } = next;
    if (!open.has(who)) {
      const own = cookies.map((cookie) => ({ ...cookie, url: BASE }));
      open.set(who, await person(browser, { ...VARIANTS[0], cookies: own }));
    }
    await look(open.get(who), who, wanted);
  }
}));
await browser.close();
const seconds = Math.round((Date.now() - started) / 1000);
console.log(`measured: ${seen} pictures examined in ${seconds} s; the heaviest page with style and script: `
  + `${heaviest.name}, ${heaviest.bytes} bytes`);
verdict();
process.exit(0);
