// Debian's Chromium, watched: what it says on the console, asks of the network, and how a page fits.

import { createRequire } from "node:module";

const require = createRequire(`${process.env.DRIVER}/package.json`);
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;

export const BASE = process.env.BASE;

/** How long anything may take that is waited for: machines that run tests are slow at times. */
const PATIENCE = 60_000;

const PHONE = { width: 360, height: 740 };
const DESK = { width: 1280, height: 800 };
export const VARIANTS = ["light", "dark"].flatMap((colorScheme) =>
  [PHONE, DESK].map((viewport) => ({ name: `${viewport.width}-${colorScheme}`, viewport, colorScheme })));

const problems = [];

export function problem(text) {
  problems.push(text);
  console.error(`problem: ${text}`);
}

/** Ends the process: by what was found. */
export function verdict() {
  if (problems.length > 0) {
    console.error(`${problems.length} problems`);
    process.exit(1);
  }
}

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // In containers there is neither a user namespace nor much shared memory.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    timeout: PATIENCE,
  });
}

/** A person with a clean browser of that size and colour scheme. */
export async function person(browser, { viewport = DESK, colorScheme = "light", cookies = [] }) {
  const context = await browser.newContext({
    viewport,
    colorScheme,
    reducedMotion: "reduce",
    acceptDownloads: false,
  });
  context.setDefaultTimeout(PATIENCE);
  await context.addCookies(cookies);
  const page = await context.newPage();
  watch(page);
  return page;
}

function watch(page) {
  page.on("pageerror", (error) => problem(`script error at ${page.url()}: ${error}`));
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    // The page of a refusal is told on the console as well; the test knows its status.
    const ofThePage = message.location().url === page.url() || message.location().url === page.asked;
    if (ofThePage && message.text().startsWith("Failed to load resource")) return;
    problem(`console of ${page.url()}: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (request.isNavigationRequest()) page.asked = request.url();
    if (new URL(request.url()).origin !== BASE) problem(`${page.url()} asks ${request.url()}`);
  });
}

/** What must hold on every page. */
export async function examine(page, name) {
  await fits(page, name);
  if (!await page.evaluate("window.axe !== undefined")) await page.evaluate(axe);
  const results = await page.evaluate(`axe.run(document, { resultTypes: ["violations"] })
      .then(({ violations }) => violations.map(({ id, help, nodes }) => ({
        id, help, nodes: nodes.map(({ html, failureSummary }) => html + " " + failureSummary) })))`);
  for (const { id, help, nodes } of results) problem(`${name}: ${id} (${help}): ${nodes.join("\n  ")}`);
}

async function fits(page, name) {
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > width + 1)
      .slice(0, 5)
      .map((element) => element.outerHTML.slice(0, 120));
  });
  if (wide.length > 0) problem(`${name} is wider than the screen: ${wide.join("\n  ")}`);
}
