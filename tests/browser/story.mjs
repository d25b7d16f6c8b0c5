// From sign-up to the end of the account by keyboard alone. Links of mails are asked for on standard output
// and read from standard input. Arguments: a public-key address to submit.

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
  await enter("None yet");
}

async function closeAccount() {
  await follow("nav a[href='/settings']", "Close the account");
  await reach("input[name=confirm]");
  await page.keyboard.press("Space");
  await type("#closepassword", RESET_PASSWORD);
  await enter("Your account is closed");
  await examine(page, "account closed");
}

const STORY = [
  signUp, signIn, submitKey, vote, changePassword, endOtherSessions, changeEmail, signOut, resetPassword, closeAccount,
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
