// A form with a drop zone (includes/file_upload.html): files are dropped or chosen, shown before they
// are sent, and sent in parts with a bar each. Without this module the form sends one file.
//
// `gather` turns what was given, [{file, path}], into the files to send, such as several arrays into
// one; it may leave chosen ones that go into them. `adapt` is called with the files that are chosen.

import { element } from "./preview_parts.js";
import { showPreview } from "./preview.js";
import { discard, Refused, sendFile } from "./sending.js";
import { followZone } from "./zone.js";

const MB = 1024 * 1024;
const CAPTIONS = {
  "text table": "Table", parquet: "Parquet table", spreadsheet: "Spreadsheet", "json lines": "JSON lines", images: "Zip archive", arrays: "NumPy arrays",
};

function sizeText(bytes) {
  return bytes < MB / 10 ? `${Math.max(1, Math.round(bytes / 1024)).toLocaleString("en")} KB` : `${(bytes / MB).toFixed(1)} MB`;
}

export const stem = (name) => name.replace(/(\.(csv|jsonl|tsv|txt))?\.[^.]+$/, "").slice(0, 80);

export function fileForm(form, { gather = async (given) => given.map(({ file }) => file), adapt = () => {}, several = false } = {}) {
  const list = document.getElementById("chosen-files");
  const unfinished = document.getElementById("unfinished");
  const zone = document.getElementById("drop-zone");
  const limits = JSON.parse(zone.dataset.limits);
  const url = zone.dataset.uploads;
  const part = (selector) => form.querySelector(selector);
  const token = () => part("[name=csrfmiddlewaretoken]").value;

  // {file, kind, refusal, key: of its upload, bytes: arrived, arrived: all of it, row, stop: ends the sending}
  let chosen = [];

  function kindOf(name) {
    const kinds = limits.kinds ?? {};
    const endings = Object.keys(kinds).filter((ending) => name.toLowerCase().endsWith(ending));
    return kinds[endings.sort((a, b) => b.length - a.length)[0]] ?? "";
  }

  // What the server would say.
  function refusalOf(file, kind) {
    const advice = limits.advice ?? {};
    const ending = Object.keys(advice).find((one) => file.name.toLowerCase().endsWith(one));
    if (ending) return `Unsupported file type: “${file.name}”. ${advice[ending]}`;
    if (limits.kinds && !kind) return limits.unsupported.replace("{name}", file.name);
    if (!file.size) return limits.empty;
    return file.size > limits.mostBytes ? limits.tooLarge : "";
  }

  // --- Choosing -------------------------------------------------------------------------------

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
    if (!refusal) showPreview(file, preview, limits.purpose);
    return row;
  }

  // One file is what the form is about: another choice replaces it, unless several are chosen at once.
  async function choose(given) {
    complain("");
    form.querySelectorAll(".form-errors").forEach((old) => old.remove());
    const before = chosen.filter((entry) => !entry.done);
    let files;
    const reading = part("#upload-reading");
    reading.hidden = false;
    try {
      files = await gather(given, { chosen: before.map((entry) => entry.file), leave: leaveFile, limits });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      complain(error.message);
      return;
    } finally {
      reading.hidden = true;
    }
    if (!several) files = files.slice(0, 1);
    if (files.length === 1 && before.length === 1 && chosen.includes(before[0])) leave(before[0]);
    const known = (file) => chosen.some((entry) => entry.file.name === file.name && entry.file.size === file.size && !entry.done);
    for (const file of files.filter((file) => !known(file))) {
      const kind = kindOf(file.name);
      const entry = { file, kind, refusal: refusalOf(file, kind), key: unfinishedKey(file), arrived: false };
      entry.row = rowOf(entry);
      list.append(entry.row);
      chosen.push(entry);
    }
    changed();
  }

  // An earlier upload of this file that was cut off: it continues where it was.
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
    changed();
  }

  const leaveFile = (file) => { chosen.filter((entry) => entry.file === file && !entry.done).forEach(leave); };

  function changed() {
    list.hidden = !chosen.length;
    list.classList.toggle("several", chosen.length > 1);
    if (unfinished) unfinished.hidden = ![...unfinished.children].some((row) => !row.hidden);
    adapt(chosen);
  }

  // --- Sending --------------------------------------------------------------------------------

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
    entry.bytes = bytes;
    entry.row.querySelector("progress").value = bytes / size;
    if (entry.delayed) return;
    say(entry, bytes < size ? `Uploading… ${Math.floor((100 * bytes) / size)} %` : "Storing…", `${sizeText(bytes)} of ${sizeText(size)}`);
  }

  async function send(entry) {
    entry.stop = new AbortController();
    problem(entry, "");
    entry.row.querySelector(".chosen-progress").hidden = false;
    if (entry.arrived) return;
    await sendFile(entry.file, {
      url, token: token(), purpose: limits.purpose, key: entry.key, signal: entry.stop.signal,
      begun: (key) => { entry.key = key; },
      progress: (bytes) => showProgress(entry, bytes),
      delayed: (reason) => {
        const before = entry.delayed;
        entry.delayed = Boolean(reason);
        if (reason) say(entry, reason);
        else if (before) showProgress(entry, entry.bytes);
      },
      troubled: (text) => problem(entry, text),
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
      if (refused) { refuse(entry, refused); return; }
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
    const ofFile = refused.querySelector("[data-field=file] .errorlist");
    problem(entry, ofFile?.textContent.trim() ?? "");
    if (chosen.length > 1) {
      problem(entry, [...errors.querySelectorAll("li, p:only-child")].map((line) => line.textContent.trim()).join(" "));
      return;
    }
    form.querySelectorAll(".form-errors").forEach((old) => old.remove());
    part("#upload-problem").before(errors);
    for (const field of refused.querySelectorAll("[data-field]:not([data-field=file])")) {
      part(`[data-field=${field.dataset.field}]`).replaceWith(field);
    }
    changed();
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

  // --- The page -------------------------------------------------------------------------------

  form.addEventListener("submit", uploadAll);
  unfinished?.addEventListener("click", (event) => {
    const row = event.target.closest("[data-discard]")?.closest("li");
    if (!row) return;
    discard(url, row.dataset.key, token());
    row.remove();
    changed();
  });
  if (unfinished) unfinished.hidden = false;
  followZone(zone, choose, several);
}
