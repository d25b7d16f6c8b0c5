// From sign-up to the end of the account by keyboard alone. Links of mails are asked for on standard output
// and read from standard input. Arguments: a public-key address to submit.

import { createHmac } from "node:crypto";
import { createInterface } from "node:readline";
import { BASE, examine, launch, person, problem, verdict } from "./chromium.mjs";

const [address] = process.argv.slice(2);
const EMAIL = "kim@example.com";
const PASSWORD = "correct horse battery";
const NEW_PASSWORD = "a staple of horses";
const NEW_EMAIL = "kim.elsewhere@example.com";
const RESET_PASSWORD = "battery of new horses";

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const browser = await launch();
const page = await person(browser, {});

/** Opens the last link to `path` that was mailed to the address. */
async function openMailed(email, path) {
  console.log(`mail ${email} ${path}`);
  await page.goto(BASE + (await input.next()).value);
}

/** Tab, until what matches has the focus; each stop must be seen to have it. */
async function reach(selector) {
  for (let stops = 0; stops < 80; stops += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate((wanted) => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      return {
        there: element.matches(wanted),
        html: element.outerHTML.slice(0, 100),
        seen: element === document.body
          || (style.outlineStyle !== "none" && box.width > 4 && box.bottom > 0 && box.top < innerHeight),
      };
    }, selector);
    if (!stop.seen) problem(`the focus is not seen at ${page.url()}: ${stop.html}`);
    if (stop.there) return;
  }
  throw new Error(`${selector} at ${page.url()} is not reached by keyboard`);
}

async function type(selector, text) {
  await reach(selector);
  await page.keyboard.press("Control+A");
  await page.keyboard.type(text);
}

/** Enter, and the page that follows. */
async function enter(expected) {
  await Promise.all([
    page.waitForEvent("framenavigated"),
    page.keyboard.press("Enter"),
  ]);
  await page.waitForLoadState("load");
  await shows(expected);
}

async function shows(expected) {
  await page.getByText(expected).first().waitFor({ state: "visible" }).catch(() => {
    throw new Error(`${page.url()} does not show "${expected}"`);
  });
}

async function follow(selector, expected) {
  await reach(selector);
  await enter(expected);
}

async function signUp() {
  await page.goto(BASE);
  await reach("a.skip");
  await follow("main a[href='/signup']", "Password once more");
  await type("#email", EMAIL);
  await type("#password", PASSWORD);
  await type("#passwordrepeat", "something else");
  await enter("The two passwords are not the same.");
  await examine(page, "sign-up with two passwords");
  await type("#password", PASSWORD);
  await type("#passwordrepeat", PASSWORD);
  await enter("Check your mail");
  await examine(page, "check your mail");
  await openMailed(EMAIL, "/emailverify");
  await follow("main button", "your account is ready");
  await examine(page, "verified");
}

async function signIn() {
  await follow("main a[href='/signin']", "Sign in");
  await type("#email", EMAIL);
  await type("#password", "not my password");
  await reach("main button[type=submit]");
  await enter("password");
  await examine(page, "sign-in with a wrong password");
  await type("#password", PASSWORD);
  await enter("Your public key");
}

async function submitKey() {
  await type("#UserPubKeyAddr", "SsTooShort");
  await enter("too short");
  await examine(page, "address too short");
  await type("#UserPubKeyAddr", address);
  await enter("Your key was accepted");
  await examine(page, "address accepted");
  await reach("button.tocopy");
  await page.keyboard.press("Enter");
  // The button says it for a moment only.
  await page.locator("[role=status]", { hasText: "copied" }).waitFor({ state: "attached" });
}

async function vote() {
  await follow("nav a[href='/voting']", "How your tickets vote");
  await reach("input[name=agenda0]");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await follow("main button[type=submit]", "Saved.");
  const chosen = await page.locator("input[name=agenda0]:checked").inputValue();
  if (chosen !== "4") problem(`the arrow keys chose ${chosen} instead of 4`);
}

async function changePassword() {
  await follow("nav a[href='/settings']", "API token");
  await type("#password", PASSWORD);
  await type("#newpassword", NEW_PASSWORD);
  await type("#newpasswordrepeat", NEW_PASSWORD);
  await enter("assword");
  await examine(page, "password changed");
}

/** Somebody is signed in on another machine, until the user ends that from here. */
async function endOtherSessions() {
  const elsewhere = await person(browser, {});
  await elsewhere.goto(`${BASE}/signin`);
  await elsewhere.fill("#email", EMAIL);
  await elsewhere.fill("#password", NEW_PASSWORD);
  await Promise.all([elsewhere.waitForURL("**/tickets"), elsewhere.press("#password", "Enter")]);
  await follow("form:has([name=endSessions]) button", "All your other sessions are ended.");
  await examine(page, "other sessions ended");
  await elsewhere.goto(`${BASE}/tickets`);
  if (new URL(elsewhere.url()).pathname !== "/signin") problem("the session elsewhere goes on");
  await elsewhere.context().close();
}

async function changeEmail() {
  await type("#newemail", NEW_EMAIL);
  await type("#emailpassword", NEW_PASSWORD);
  await enter("A link is on its way to the new address");
  await examine(page, "link to the new address");
  await openMailed(NEW_EMAIL, "/emailupdate");
  await examine(page, "new address to confirm");
  await follow("main button", "your e-mail address is changed");
  await examine(page, "e-mail address changed");
  await follow("main a[href='/settings']", NEW_EMAIL);
}

async function signOut() {
  await follow(".leave button", "Your tickets vote while you sleep");
  await shows("Create an account");
}

/** What the app on a phone does: RFC 6238. Each call gives a code that was not used yet. */
let key = null;
let lastStep = 0;
let recoveryCodes = [];
function nextCode() {
  lastStep = Math.max(Math.floor(Date.now() / 30_000), lastStep + 1);
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(lastStep));
  const hash = createHmac("sha1", key).update(time).digest();
  const number = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

function ofBase32(text) {
  const digits = [...text].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter));
  const bits = digits.map((digit) => digit.toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
}

async function turnOnSecondFactor() {
  await page.goto(`${BASE}/settings`);
  await follow("main a[href='/settings/second-factor']", "Turn it on");
  await type("#password", NEW_PASSWORD);
  await enter("Give the key to your app");
  await examine(page, "the key for the app");
  const text = (await page.locator("code.copy").first().textContent()).replaceAll(" ", "");
  console.log(`secret the key of the app: ${text}`);
  key = ofBase32(text);
  await type("#code", nextCode());
  await enter("Your second factor is on");
  await examine(page, "recovery codes");
  recoveryCodes = (await page.locator("pre code").textContent()).trim().split("\n");
  for (const code of recoveryCodes) console.log(`secret a recovery code: ${code}`);
  await reach("a[download]");
  await follow("main a.button[href='/settings/second-factor']", "10 recovery codes are left");
}

async function signInWithCode() {
  await page.goto(`${BASE}/signin`);
  await type("#email", NEW_EMAIL);
  await type("#password", NEW_PASSWORD);
  await enter("Your password is right");
  await type("#code", "12345");
  await enter("The code is wrong");
  await examine(page, "sign-in with a wrong code");
  await type("#code", nextCode());
  await enter("None yet");
}

async function resetPassword() {
  await follow("nav a[href='/signin']", "Forgot your password?");
  await follow("main a[href='/passwordreset']", "You get a link by mail");
  await type("#email", NEW_EMAIL);
  await enter("a mail is on its way");
  await openMailed(NEW_EMAIL, "/passwordupdate");
  await type("#password", RESET_PASSWORD);
  await type("#passwordrepeat", RESET_PASSWORD);
  await enter("Your password is changed");
  await examine(page, "password reset");
  await follow("main a[href='/signin']", "Forgot your password?");
  await type("#email", NEW_EMAIL);
  await type("#password", RESET_PASSWORD);
  // The new password alone does not do.
  await enter("Your password is right");
  await type("#code", recoveryCodes[0]);
  await enter("None yet");
}

async function closeAccount() {
  await follow("nav a[href='/settings']", "Close the account");
  await reach("input[name=confirm]");
  await page.keyboard.press("Space");
  await type("#closepassword", RESET_PASSWORD);
  await type("#closecode", recoveryCodes[1]);
  await enter("Your account is closed");
  await examine(page, "account closed");
}

const STORY = [
  signUp, signIn, submitKey, vote, changePassword, endOtherSessions, changeEmail, turnOnSecondFactor, signOut,
  signInWithCode, signOut, resetPassword, closeAccount,
];
console.log(`secret a password: ${PASSWORD}`);
console.log(`secret a new password: ${NEW_PASSWORD}`);
console.log(`secret a password after a reset: ${RESET_PASSWORD}`);
for (const step of STORY) {
  await step();
  for (const { name, value } of await page.context().cookies()) console.log(`secret the cookie ${name}: ${value}`);
}
await browser.close();
console.log("measured: the story by keyboard alone is complete");
verdict();
process.exit(0);
