// Every page: the theme button, copy buttons, buttons that are pressed once, live fragments.

import "./form_errors.js";
import "./form_size.js";
import "./menus.js";
import "./notifications.js";
import "./palette.js";
import { isSignIn, reload } from "./reload.js";

const toggle = document.getElementById("theme-toggle");
const nameTheme = () => {
  const dark = document.documentElement.dataset.theme === "dark";
  toggle.textContent = dark ? "Light" : "Dark";
  toggle.setAttribute("aria-label", dark ? "Switch to the light theme" : "Switch to the dark theme");
};
toggle.hidden = false;
nameTheme();
document.addEventListener("tuneroom:theme", nameTheme);
toggle.addEventListener("click", () => {
  document.dispatchEvent(new CustomEvent("tuneroom:toggle-theme"));
  if (toggle.dataset.address) keepTheme(document.documentElement.dataset.theme);
});

// For the person's other browsers, too.
async function keepTheme(theme) {
  const token = document.querySelector("#account-menu [name=csrfmiddlewaretoken]").value;
  try {
    await fetch(toggle.dataset.address, {
      method: "POST",
      headers: { "X-CSRFToken": token },
      body: new URLSearchParams({ theme }),
    });
  } catch { /* then for this page only */ }
}

// On narrow screens a row of tabs is wider than the page: the open one is in view.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  // Over plain http from another machine there is no clipboard API.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("copying was refused");
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const label = button.dataset.label ?? (button.dataset.label = button.textContent);
  const icon = button.querySelector(".icon");
  const say = (text) => button.replaceChildren(...[icon, text].filter(Boolean));
  try {
    await copy(document.getElementById(button.dataset.copy).textContent);
    say("Copied");
    announce("Copied");
  } catch {
    say("Select and copy by hand");
  }
  setTimeout(() => say(label), 2000);
});

// A second press of the same button does no harm on the server; this only says that it was heard.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  for (const button of event.target.querySelectorAll("button:not([type=button])")) {
    button.setAttribute("aria-disabled", "true");
  }
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});
// Coming back with the browser's back button shows the page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});

// Live fragments: leave a piece of the page alone if the answer equals its content, so
// that selections, open details and scroll positions stay. Text of the last version by id.
const shown = new Map();
let open = [];
let pendingScroll = null;
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const fragment = event.detail.fragment.firstElementChild ?? event.detail.fragment;
  const target = event.detail.target;
  // A form's token differs from time to time and means the same.
  const text = fragment.outerHTML.replace(/(name="csrfmiddlewaretoken" value=)"[^"]*"/g, "$1");
  const same = shown.get(target.id) === text;
  shown.set(target.id, text);
  if (same && target.id !== "search-poll") { event.detail.shouldSwap = false; return; }
  open = [...target.querySelectorAll("details[open][id]")].map((details) => details.id);
  const scroll = target.querySelector(".table-scroll[id]");
  pendingScroll = scroll ? { id: scroll.id, left: scroll.scrollLeft, top: scroll.scrollTop } : pendingScroll;
});
document.addEventListener("htmx:oobAfterSwap", () => {
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  open = [];
  if (pendingScroll) {
    const element = document.getElementById(pendingScroll.id);
    if (element) { element.scrollLeft = pendingScroll.left; element.scrollTop = pendingScroll.top; }
    pendingScroll = null;
  }
});

// News replace a table; whoever reads at its far end stays there.
let places = [];
document.addEventListener("htmx:beforeSwap", (event) => {
  places = event.detail.requestConfig.triggeringEvent ? [] : [...document.querySelectorAll(".table-scroll[id]")].map(({ id, scrollLeft, scrollTop }) => ({ id, scrollLeft, scrollTop }));
});
document.addEventListener("htmx:afterSwap", () => {
  for (const { id, ...place } of places) Object.assign(document.getElementById(id) ?? {}, place);
});

// What has polled for the last time: the page is to be loaded again, which may wait for the person.
const ended = new WeakSet();
const endPolling = ({ elt, requestConfig }) => { if (!requestConfig.triggeringEvent) ended.add(elt); };

// Pages that nobody looks at ask for no news. What polls was triggered by nothing on the page.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.requestConfig.triggeringEvent) return;
  if (ended.has(event.detail.elt)) { event.preventDefault(); return; }
  const unseen = document.hidden && !("evenHidden" in event.detail.elt.dataset);
  // Nor is a form replaced while somebody fills it in.
  if (unseen || event.detail.elt.querySelector("form:focus-within")) event.preventDefault();
});

// Nor is anything replaced while a person presses it: a click that begins on one element and ends on
// another is none. The next poll brings the same news.
document.addEventListener("htmx:beforeSwap", (event) => {
  const pressed = document.querySelector(":is(a, button, input, label, select, summary):active");
  if (pressed && !event.detail.requestConfig.triggeringEvent) event.detail.shouldSwap = false;
});

// Work has ended: htmx would load the page again, whatever is being written on it.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { requestConfig, xhr } = event.detail;
  if (requestConfig.triggeringEvent || xhr.getResponseHeader("HX-Refresh") !== "true") return;
  event.preventDefault();
  endPolling(event.detail);
  reload(xhr.responseURL);
});

// Signed out meanwhile: the answer is the sign-in page, which belongs in the whole window.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isSignIn(event.detail.xhr.responseURL)) return;
  event.detail.shouldSwap = false;
  endPolling(event.detail);
  reload(event.detail.xhr.responseURL);
});

// The server cannot be reached: say so in one place, and keep asking.
let offline = null;
const isOffline = (state) => {
  if (state && !offline) {
    offline = document.createElement("p");
    offline.className = "notice failed";
    offline.setAttribute("role", "status");
    offline.textContent = "Connection lost. This page may be outdated. Retrying…";
    document.getElementById("main").prepend(offline);
  } else if (!state && offline) {
    offline.remove();
    offline = null;
  }
};
document.addEventListener("tuneroom:reached", (event) => isOffline(!event.detail));
document.addEventListener("htmx:sendError", () => isOffline(true));
document.addEventListener("htmx:timeout", () => isOffline(true));
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.xhr?.status > 0) isOffline(false);
  // Signed out or deleted meanwhile: asking again would not help, loading the page says what is.
  if (![404, 403].includes(event.detail.xhr?.status)) return;
  endPolling(event.detail);
  reload(event.detail.xhr.responseURL);
});
