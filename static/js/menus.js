// What buttons open: menus below their buttons with arrow keys, and forms that were refused, open again.
// Opening, closing by Escape and by a click elsewhere are the browser's own (popover).

const buttonOf = (menu) => document.querySelector(`[popovertarget="${menu.id}"]`);
const itemsOf = (menu) => [...menu.querySelectorAll(".menu-item")];

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLElement) || !menu.matches(".menu")) return;
  const button = buttonOf(menu);
  const isOpen = event.newState === "open";
  button?.setAttribute("aria-expanded", String(isOpen));
  if (!isOpen || !button) return;
  const place = button.getBoundingClientRect();
  const left = Math.min(place.left, document.documentElement.clientWidth - menu.offsetWidth - 8);
  menu.style.left = `${Math.max(left, 8)}px`;
  menu.style.top = `${Math.min(place.bottom + 4, Math.max(innerHeight - menu.offsetHeight - 8, 8))}px`;
}, true);

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const target = event.target.getAttribute?.("popovertarget");
  const menu = target ? document.getElementById(target) : event.target.closest?.(".menu");
  if (!menu?.matches(".menu")) return;
  event.preventDefault();
  if (!menu.matches(":popover-open")) menu.showPopover();
  const items = itemsOf(menu);
  const now = items.indexOf(document.activeElement);
  items.at(now < 0 ? (step > 0 ? 0 : -1) : (now + step) % items.length).focus();
});

for (const refused of document.querySelectorAll("[popover][data-open]")) {
  refused.removeAttribute("data-open");
  refused.showPopover();
}
