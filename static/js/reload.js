// Loads the page again, unless that would discard what a person has entered: then a notice offers it.

import { hasEntries } from "./entered.js";

const CHANGED = "This page has changed. Send or copy what you have entered before you reload.";
const SIGNED_OUT = "You are signed out. Copy what you have entered before you reload.";
let notice = null;

function button() {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "button small";
  element.textContent = "Reload";
  element.addEventListener("click", () => location.reload());
  return element;
}

function offer(reason) {
  if (!notice) {
    notice = document.createElement("div");
    notice.className = "notice waiting reload-notice";
    notice.setAttribute("role", "status");
    // Screen readers announce what is added to a region that is there already.
    document.getElementById("main").prepend(notice);
  }
  if (notice.firstChild?.textContent === reason) return;
  const text = document.createElement("p");
  text.textContent = reason;
  notice.replaceChildren(text, button());
}

export const isSignIn = (address) => address.includes("/accounts/login/");

// `address` is where the answer came from that asks for it.
export function reload(address) {
  if (hasEntries()) offer(isSignIn(address) ? SIGNED_OUT : CHANGED);
  else location.reload();
}
