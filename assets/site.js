// A button beside everything that is meant to be copied, and new numbers as they come. Without this script
// the site works alike: one click selects the text.
"use strict";

(() => {
  const said = document.createElement("p");
  said.className = "offscreen";
  said.setAttribute("role", "status");
  document.querySelector("main")?.append(said);

  // Where the clipboard may not be written (a site without HTTPS), the selection is copied.
  const copy = async (element) => {
    const text = element.textContent;
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    getSelection().selectAllChildren(element);
    if (!document.execCommand("copy")) throw new Error("not copied");
  };

  const makeButton = (element, name) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "tocopy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${name}`);
    button.addEventListener("click", async () => {
      const copied = await copy(element).then(() => true, () => false);
      button.textContent = copied ? "Copied" : "Press Ctrl+C";
      button.classList.toggle("done", copied);
      said.textContent = copied ? `${name}: copied` : `${name}: selected, press Ctrl+C`;
      if (!copied) getSelection().selectAllChildren(element);
      setTimeout(() => {
        button.textContent = "Copy";
        button.classList.remove("done");
      }, 2500);
    });
    return button;
  };

  for (const code of document.querySelectorAll("code.copy")) {
    const name = code.closest("dd")?.previousElementSibling?.textContent ?? "text";
    code.after(makeButton(code, name));
  }
  for (const code of document.querySelectorAll("pre > code")) {
    const frame = document.createElement("div");
    frame.className = "command";
    code.parentElement.replaceWith(frame);
    frame.append(code.parentElement, makeButton(code, "command"));
  }

  // The page is asked for as a guest: one that is left open keeps nobody signed in.
  const renew = async () => {
    const answer = await fetch(location.pathname, { credentials: "omit" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const numbers = ".live, dl.tiles, .updated";
    const fresh = page.querySelectorAll(numbers);
    const shown = document.querySelectorAll(numbers);
    if (fresh.length !== shown.length) return;
    shown.forEach((old, place) => old.replaceWith(fresh[place]));
  };

  // Only while somebody looks.
  let events = null;
  const listen = () => {
    if (document.hidden) {
      events?.close();
      events = null;
    } else if (!events) {
      events = new EventSource("/events");
      events.addEventListener("block", () => renew().catch(() => {}));
    }
  };
  if (location.pathname === "/" || location.pathname === "/stats") {
    document.addEventListener("visibilitychange", listen);
    listen();
  }
})();
