// New dataset: files are dropped or chosen, shown before they are sent, and sent in parts with a bar
// each. Without this module the form sends one file.

import { discard, Refused, sendFile } from "./upload/sending.js";
import { packed } from "./upload/packing.js";
import { element, showPreview } from "./upload/preview.js";

const MB = 1024 * 1024;
const CAPTIONS = {
  "text table": "Table", parquet: "Parquet table", spreadsheet: "Spreadsheet", "json lines": "JSON lines", images: "Zip archive", arrays: "NumPy arrays",
};

const form = document.getElementById("dataset-form");
const list = document.getElementById("chosen-files");
const unfinished = document.getElementById("unfinished");
const input = form.querySelector("input[type=file]");
const limits = JSON.parse(form.dataset.limits);
const part = (selector) => form.querySelector(selector);
const token = () => part("[name=csrfmiddlewaretoken]").value;
const url = form.dataset.uploads;

// {file, kind, refusal, key: of its upload, arrived: all of it, row, stop: ends the sending}
let chosen = [];

function kindOf(name) {
  const endings = Object.keys(limits.kinds).filter((ending) => name.toLowerCase().endsWith(ending));
  return limits.kinds[endings.sort((a, b) => b.length - a.length)[0]] ?? "";
}

// What the server would say.
function refusalOf(file, kind) {
  const ending = Object.keys(limits.advice).find((one) => file.name.toLowerCase().endsWith(one));
  if (ending) return `Unsupported file type: “${file.name}”. ${limits.advice[ending]}`;
  if (!kind) return limits.unsupported.replace("{name}", file.name);
  if (!file.size) return limits.empty;
  return file.size > limits.mostBytes ? limits.tooLarge : "";
}

function sizeText(bytes) {
  return bytes < MB / 10 ? `${Math.max(1, Math.round(bytes / 1024)).toLocaleString("en")} KB` : `${(bytes / MB).toFixed(1)} MB`;
}

const stem = (name) => name.replace(/(\.(csv|jsonl|tsv|txt))?\.[^.]+$/, "").slice(0, 80);

// --- Choosing ---------------------------------------------------------------------------------

function rowOf(entry) {
  const { file, kind, refusal } = entry;
  const facts = [sizeText(file.size), CAPTIONS[kind] ?? kind].filter(Boolean).join(" · ");
  const remove = element("button", { type: "button", className: "button small", textContent: "Remove", ariaLabel: `Remove ${file.name}` });
  remove.addEventListener("click", () => { leave(entry); });
  const name = element("input", { type: "text", value: stem(file.name), maxLength: 80, className: "chosen-name", hidden: Boolean(refusal), ariaLabel: `Dataset name for ${file.name}` });
  const preview = element("div", { className: "file-preview" });
  const row = element("li", {},
    element("div", { className: "chosen-head" }, element("p", {}, element("b", { textContent: file.name }), ` ${facts}`), remove),
    element("p", { className: "failed-text chosen-problem", textContent: refusal, hidden: !refusal }),
    name, preview,
    element("div", { className: "chosen-progress", hidden: true },
      element("p", { className: "progress-line" }, element("b", { role: "status" }), element("span")),
      element("progress", { className: "big", max: 1, value: 0, ariaLabel: `Uploaded of ${file.name}` })));
  if (!refusal) showPreview(file, preview);
  return row;
}

// Arrays in files of their own belong together: x.npy and y.npy are one upload. One alone has no targets.
const isArray = (file) => /\.npy$/i.test(file.name);
async function withPackedArrays(files) {
  const added = files.filter(isArray);
  if (!added.length) return files;
  const earlier = chosen.filter((entry) => !entry.done && entry.file.arrays);
  const arrays = [...earlier.flatMap((entry) => entry.file.arrays), ...added];
  earlier.forEach(leave);
  return [Object.assign(await packed(arrays), { arrays }), ...files.filter((file) => !isArray(file))];
}

async function choose(given) {
  const files = await withPackedArrays([...given]);
  const known = (file) => chosen.some((entry) => entry.file.name === file.name && entry.file.size === file.size && !entry.done);
  for (const file of [...files].filter((file) => !known(file))) {
    const kind = kindOf(file.name);
    const entry = { file, kind, refusal: refusalOf(file, kind), key: unfinishedKey(file), arrived: false };
    entry.row = rowOf(entry);
    list.append(entry.row);
    chosen.push(entry);
  }
  adapt();
}

// One file is what the form is about: another choice replaces it, unless several are chosen at once.
function replaceChosen(given) {
  const files = [...given];
  if (files.length === 1 && chosen.length === 1 && isArray(files[0]) && chosen[0].file.arrays) { choose(files); return; }
  if (files.length === 1 && chosen.length === 1) leave(chosen[0]);
  choose(files);
}

// An earlier upload of this file that was cut off: it goes on where it was.
function unfinishedKey(file) {
  const rows = [...(unfinished?.children ?? [])];
  const row = rows.find(({ dataset, hidden }) => !hidden && dataset.name === file.name && Number(dataset.size) === file.size);
  if (row) row.hidden = true;
  return row ? Number(row.dataset.key) : null;
}

function leave(entry) {
  entry.stop?.abort(new DOMException("removed", "AbortError"));
  if (entry.key) discard(url, entry.key, token());
  entry.row.remove();
  chosen = chosen.filter((other) => other !== entry);
  adapt();
}

// Which fields the chosen files need.
function adapt() {
  const kinds = chosen.map((entry) => entry.kind).filter(Boolean);
  const images = (kind) => kind === "images" || kind === "arrays";
  list.hidden = !chosen.length;
  part("#image-options").hidden = kinds.length > 0 && !kinds.some(images);
  // A zip may hold tables.
  part("#table-options").hidden = kinds.length > 0 && kinds.every((kind) => kind === "arrays");
  list.classList.toggle("several", chosen.length > 1);
  const name = part("[data-field=name]");
  name.hidden = chosen.length > 1;
  const field = name.querySelector("input");
  const proposed = chosen.length === 1 ? stem(chosen[0].file.name) : "";
  if (field.value === (field.dataset.proposed ?? "")) [field.value, field.dataset.proposed] = [proposed, proposed];
  if (unfinished) unfinished.hidden = ![...unfinished.children].some((row) => !row.hidden);
}

// --- Sending ----------------------------------------------------------------------------------

function say(entry, text, figures = "") {
  const [status, numbers] = entry.row.querySelectorAll(".progress-line > *");
  if (status.textContent !== text) status.textContent = text;
  numbers.textContent = figures;
}

function problem(entry, text) {
  const line = entry.row.querySelector(".chosen-problem");
  line.textContent = text;
  line.hidden = !text;
}

function showProgress(entry, bytes) {
  const { size } = entry.file;
  entry.row.querySelector("progress").value = bytes / size;
  if (entry.lost) return;
  say(entry, bytes < size ? `Uploading… ${Math.floor((100 * bytes) / size)} %` : "Storing…", `${sizeText(bytes)} of ${sizeText(size)}`);
}

async function send(entry) {
  entry.stop = new AbortController();
  problem(entry, "");
  entry.row.querySelector(".chosen-progress").hidden = false;
  if (entry.arrived) return;
  await sendFile(entry.file, {
    url, token: token(), key: entry.key, signal: entry.stop.signal,
    begun: (key) => { entry.key = key; },
    progress: (bytes) => showProgress(entry, bytes),
    lost: (lost) => {
      entry.lost = lost;
      if (lost) say(entry, "Connection lost. Retrying…");
    },
  });
  entry.arrived = true;
}

// The form without a file: its upload has arrived.
async function submit(entry) {
  const data = new FormData(form);
  data.delete("file");
  data.set("arrived", entry.key);
  if (chosen.length > 1) data.set("name", entry.row.querySelector(".chosen-name").value);
  const answer = await fetch(location.href, { method: "POST", body: data, signal: entry.stop.signal });
  const text = await answer.text();
  const refused = new DOMParser().parseFromString(text, "text/html").getElementById(form.id);
  return { answer, refused };
}

async function uploadOne(entry) {
  try {
    await send(entry);
    const { answer, refused } = await submit(entry);
    if (refused) return refuse(entry, refused);
    if (answer.status >= 400) throw new Refused("The upload was refused. Reload the page and try again.");
    finish(entry, answer.url);
  } catch (error) {
    if (error.name === "AbortError") return;
    entry.row.querySelector(".chosen-progress").hidden = true;
    problem(entry, error instanceof Refused ? error.message : "The upload was interrupted. Check your connection and try again.");
  } finally {
    entry.stop = null;
  }
}

function finish(entry, address) {
  entry.done = address;
  entry.row.querySelector(".chosen-progress").hidden = true;
  entry.row.querySelector(".chosen-head").replaceChildren(
    element("p", {}, "Uploaded: ", element("a", { href: address, textContent: entry.row.querySelector(".chosen-name").value || entry.file.name })));
  for (const piece of entry.row.querySelectorAll(".chosen-name, .file-preview")) piece.remove();
}

// The server took the file for none, or a field was wrong: what has arrived stays where it may be used.
function refuse(entry, refused) {
  entry.row.querySelector(".chosen-progress").hidden = true;
  const kept = refused.querySelector("[name=arrived]").value;
  if (!kept) [entry.key, entry.arrived] = [null, false];
  const errors = refused.querySelector(".form-errors");
  if (chosen.length > 1) {
    problem(entry, [...errors.querySelectorAll("li, p:only-child")].map((line) => line.textContent.trim()).join(" "));
    return;
  }
  form.querySelectorAll(".form-errors").forEach((old) => old.remove());
  part("#upload-problem").before(errors);
  for (const field of refused.querySelectorAll("[data-field]:not([data-field=file])")) {
    part(`[data-field=${field.dataset.field}]`).replaceWith(field);
  }
  adapt();
  errors.focus();
}

function complain(text) {
  part("#upload-problem").textContent = text;
  part("#upload-problem").hidden = !text;
}

async function uploadAll(event) {
  event.preventDefault();
  if (chosen.some((entry) => entry.stop)) return;
  const waiting = chosen.filter((entry) => !entry.done);
  if (!waiting.length) { complain("Select a file."); return; }
  if (waiting.some((entry) => entry.refusal)) { complain(waiting.find((entry) => entry.refusal).refusal); return; }
  complain("");
  form.querySelectorAll(".form-errors").forEach((old) => old.remove());
  const button = part(".button.primary");
  button.disabled = true;
  await Promise.all(waiting.map(uploadOne));
  button.disabled = false;
  const left = chosen.filter((entry) => !entry.done);
  if (left.length || !chosen.length) return;
  if (chosen.length === 1) location.assign(chosen[0].done);
  else button.hidden = true;
}

// --- The page -----------------------------------------------------------------------------------

const zone = document.getElementById("drop-zone");
zone.classList.add("enhanced");
document.getElementById("drop-text").hidden = false;
input.multiple = true;
input.addEventListener("change", () => { replaceChosen(input.files); input.value = ""; });
form.addEventListener("submit", uploadAll);

const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
document.addEventListener("dragover", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  zone.classList.add("over");
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) zone.classList.remove("over"); });
document.addEventListener("drop", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  zone.classList.remove("over");
  replaceChosen(event.dataTransfer.files);
});

unfinished?.addEventListener("click", (event) => {
  const row = event.target.closest("[data-discard]")?.closest("li");
  if (!row) return;
  discard(url, row.dataset.key, token());
  row.remove();
  adapt();
});
if (unfinished) unfinished.hidden = false;
if (input.files.length) { choose(input.files); input.value = ""; }
