// Sends a file in parts, at most two requests at once over all files. A part that fails because the
// connection is lost or the server is busy is sent again until it arrives; what arrived stays, so
// that the same file continues where it was, also after a reload.
//
// Where the site has a store for that, parts go straight there. A part that cannot get there goes
// through the site.

const MAX_PARALLEL = 2;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
// How often a part is sent to the store before it goes through the site.
const MAX_DIRECT = 2;
// Between two questions whether the file is stored.
const STORING_PAUSE = 1_000;
// Timed out, too many at once, the server restarts.
const PASSING = [0, 408, 429, 500, 502, 503, 504];

// What waiting does not change, with a sentence for people.
export class Refused extends Error {}
class Removed extends Refused {}

let running = 0;
const waiting = [];

async function takeTurn(task) {
  if (running < MAX_PARALLEL) running += 1;
  else await new Promise((begin) => waiting.push(begin));
  try {
    return await task();
  } finally {
    if (waiting.length) waiting.shift()();
    else running -= 1;
  }
}

function pause(milliseconds, signal) {
  return new Promise((end, stop) => {
    const timer = setTimeout(end, milliseconds);
    addEventListener("online", end, { once: true });
    signal.addEventListener("abort", () => { clearTimeout(timer); stop(signal.reason); }, { once: true });
  });
}

// One request. fetch() does not tell how much of a body has left.
function ask(method, url, { body, headers = {}, signal, sent = () => {} }) {
  return new Promise((answer, stop) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => sent(event.loaded));
    request.addEventListener("loadend", () => answer(request));
    signal?.addEventListener("abort", () => { request.abort(); stop(signal.reason); }, { once: true });
    request.send(body);
  });
}

async function insist(method, url, options) {
  for (let delay = FIRST_PAUSE; ; delay = Math.min(2 * delay, LONGEST_PAUSE)) {
    options.signal.throwIfAborted();
    const answer = await takeTurn(() => ask(method, url, options));
    options.signal.throwIfAborted();
    if (!PASSING.includes(answer.status)) {
      options.delayed?.("");
      return understood(answer);
    }
    options.delayed?.(answer.status ? "The server or its storage is not available. Retrying…" : "Connection lost. Retrying…");
    options.sent?.(0);
    await pause(delay, options.signal);
  }
}

function understood(answer) {
  if (answer.responseURL.includes("/accounts/login/")) {
    throw new Refused("You are signed out. Sign in and select the file again: the upload continues.");
  }
  const type = answer.getResponseHeader("Content-Type") ?? "";
  if (answer.status < 300) return type.includes("json") ? JSON.parse(answer.responseText) : null;
  if (answer.status === 404) throw new Removed("This upload was removed. Click Upload to start again.");
  throw new Refused(type.startsWith("text/plain") ? answer.responseText.trim() : "The upload was refused. Reload the page and try again.");
}

// Empty where browsers do not offer it: on pages that did not come by HTTPS, except from this machine.
async function digestOf(blob) {
  if (!crypto.subtle) return "";
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function partOf(file, upload, part) {
  return file.slice(part * upload.part_size, (part + 1) * upload.part_size);
}

// The parts that are still to be sent; null if what arrived is of another file.
async function missingParts(file, upload) {
  const missing = [];
  for (let part = 0; part < upload.parts; part += 1) {
    const known = upload.arrived[part];
    if (!known) missing.push(part);
    else if ((await digestOf(partOf(file, upload, part))) !== known) return null;
  }
  return missing;
}

function begin(url, file, options) {
  const body = new URLSearchParams({ purpose: options.purpose, name: file.name, size: file.size });
  // Without hashes, nobody could tell what arrives there.
  if (crypto.subtle) body.set("direct", "1");
  return insist("POST", url, { ...options, body });
}

function removedIsNone(error) {
  if (error instanceof Removed) return null;
  throw error;
}

// Whether the part is in the store now. The site signs an address first, so that this continues only
// once the connection is back, if it was lost.
async function sendToStore(url, body, options) {
  for (let tries = 0; tries < MAX_DIRECT; tries += 1) {
    if (tries) await pause(FIRST_PAUSE, options.signal);
    const { address } = await insist("POST", `${url}address/`, { ...options, sent: undefined });
    const answer = await takeTurn(() => ask("PUT", address, { body, signal: options.signal, sent: options.sent }));
    options.signal.throwIfAborted();
    if (answer.status >= 200 && answer.status < 300) return true;
    options.sent(0);
  }
  return false;
}

// Until the site has read what went to the store.
async function waitUntilStored(url, options) {
  for (;;) {
    const { stored, trouble } = await insist("POST", `${url}finish/`, options);
    options.troubled(trouble);
    if (stored) return;
    await pause(STORING_PAUSE, options.signal);
  }
}

export function discard(url, key, token) {
  return ask("DELETE", `${url}${key}/`, { headers: { "X-CSRFToken": token } });
}

// Resolves to the key of the upload once all of it has arrived. `key`: of an earlier upload of this
// file. `begun` is told the key, `progress` the bytes that have arrived, `delayed` why it has to be
// sent again, or "", `troubled` why the store has not taken the file, or "".
export async function sendFile(file, { url, token, purpose, key = null, signal, begun, progress, delayed, troubled }) {
  const options = { purpose, signal, delayed, troubled, headers: { "X-CSRFToken": token } };
  let upload = key && (await insist("GET", `${url}${key}/`, options).catch(removedIsNone));
  let missing = upload && (await missingParts(file, upload));
  if (!missing) {
    if (upload) await discard(url, key, token);
    upload = await begin(url, file, options);
    missing = [...Array(upload.parts).keys()];
  }
  begun(upload.key);
  const onTheWay = new Map();
  let arrived = file.size - missing.reduce((sum, part) => sum + partOf(file, upload, part).size, 0);
  const report = () => progress(arrived + [...onTheWay.values()].reduce((sum, bytes) => sum + bytes, 0));
  report();
  let { direct } = upload;
  const send = async (part) => {
    const body = partOf(file, upload, part);
    const address = `${url}${upload.key}/parts/${part}/`;
    const headers = { ...options.headers, "X-Part-SHA256": await digestOf(body) };
    const sent = (bytes) => { onTheWay.set(part, Math.min(bytes, body.size)); report(); };
    const stored = direct && (await sendToStore(address, body, { ...options, headers, sent }));
    if (!stored) {
      direct = false;
      headers["Content-Type"] = "application/octet-stream";
      await insist("POST", address, { ...options, headers, body, sent });
    }
    onTheWay.delete(part);
    arrived += body.size;
    report();
  };
  // As many as may run: the next part is read only when one has arrived.
  const lane = async () => { while (missing.length) await send(missing.shift()); };
  await Promise.all(Array.from({ length: MAX_PARALLEL }, lane));
  if (upload.direct) await waitUntilStored(`${url}${upload.key}/`, options);
  return upload.key;
}
