// The trial that opens beside a plot when its point is pressed. Escape or its button closes it.

import { reload } from "../reload.js";

const card = document.getElementById("trial-card");
const address = (pk) => card.dataset.url.replace("/0/", `/${pk}/`);
let from = null;
let turn = 0;

export async function openTrial(pk, figure) {
  const mine = ++turn;
  const response = await fetch(address(pk), { headers: { "HX-Request": "true" } });
  if (mine !== turn) return;
  if (!response.ok || response.redirected) { reload(response.url); return; }
  card.innerHTML = await response.text();
  card.dataset.trial = pk;
  card.hidden = false;
  window.htmx?.process(card);
  from = figure;
  card.focus({ preventScroll: true });
}

function close() {
  if (card.hidden) return;
  turn += 1;
  card.hidden = true;
  card.replaceChildren();
  // Back to where the person came from.
  from?.querySelector("button, select, summary")?.focus({ preventScroll: true });
}

card.addEventListener("click", (event) => { if (event.target.closest("[data-close]")) close(); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !event.defaultPrevented) close(); });
