// The bell in the head, and notifications of the browser: asked for by a click, shown for what the bell
// brings, by one of the person's open pages.

const SHOWN = "tuneroom-notified", WANTED = "tuneroom-browser-notifications";
const available = "Notification" in window && window.isSecureContext;

function stored(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

function store(name, value) {
  try { localStorage.setItem(name, value); } catch { /* then for this page only */ }
}

const isOn = () => available && Notification.permission === "granted" && stored(WANTED) === "1";

// Pages in the background ask as well: that is where these notifications are of use.
function mark(bell) {
  if (bell && isOn()) bell.dataset.evenHidden = ""; else if (bell) delete bell.dataset.evenHidden;
}

function show(bell) {
  const { newest, text, path } = bell.dataset;
  if (!newest || Number(newest) <= Number(stored(SHOWN) ?? 0)) return;
  store(SHOWN, newest);
  document.getElementById("announcer").textContent = text;
  if (!isOn()) return;
  const shown = new Notification("Tuneroom", { body: text, tag: `tuneroom-${newest}` });
  shown.addEventListener("click", () => { window.focus(); location.assign(path); });
}

mark(document.getElementById("bell"));
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt.id !== "bell") return;
  mark(event.detail.elt);
  show(event.detail.elt);
});

const button = document.getElementById("browser-notifications");
if (button && available && Notification.permission !== "denied") {
  const name = () => {
    button.hidden = false;
    button.querySelector("span").textContent = `Turn ${isOn() ? "off" : "on"} browser notifications`;
  };
  name();
  button.addEventListener("click", async () => {
    const turnOn = !isOn();
    if (turnOn && (await Notification.requestPermission()) !== "granted") {
      button.disabled = true;
      button.querySelector("span").textContent = "Blocked in the browser’s settings";
      return;
    }
    store(WANTED, turnOn ? "1" : "0");
    name();
    mark(document.getElementById("bell"));
  });
}
