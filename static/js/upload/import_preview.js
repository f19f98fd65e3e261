// A search of another program: the first trials of a KerasTuner folder, the studies of an Optuna
// journal, the rows of a table of trials.

import { decode } from "./delimited.js";
import { counted, fact, table } from "./preview_parts.js";
import { TEXT_BYTES, textPreview } from "./text_preview.js";
import { firstBytes, readDirectory, unpack } from "./zip.js";

const TRIAL = /(^|\/)trial_[^/]+\/trial\.json$/;
const EVENTS = /(^|\/)events\.out\.tfevents\.[^/]*$/;
const MAX_TRIALS = 5, MAX_TRIAL_BYTES = 1 << 20, MAX_STUDIES = 8;
// What an Optuna journal calls the beginning of a study.
const CREATE_STUDY = 0;
const SQLITE = "SQLite format 3\0";
const byNumber = new Intl.Collator("en", { numeric: true }).compare;

const folderName = (path) => path.split("/").at(-2);

async function kerasTunerPreview(file, trials) {
  const first = trials.sort((a, b) => byNumber(a.name, b.name)).slice(0, MAX_TRIALS);
  // KerasTuner writes NaN, which is no JSON.
  const texts = await Promise.all(first.map(async (entry) => decode(await unpack(file, entry, MAX_TRIAL_BYTES))));
  const documents = texts.map((text) => JSON.parse(text.replace(/(?<=[:[,]\s*)-?(NaN|Infinity)\b/g, "null")));
  const values = documents.map((document) => document.hyperparameters?.values ?? {});
  const names = [...new Set(values.flatMap(Object.keys))].filter((name) => !name.startsWith("tuner/"));
  const rows = documents.map((document, at) => [
    folderName(first[at].name).replace("trial_", ""), document.status?.toLowerCase(), document.score, ...names.map((name) => values[at][name]),
  ]);
  return [
    fact(`KerasTuner: ${counted(trials.length, "trial")}, ${counted(names.length, "hyperparameter")}`),
    table(file.name, ["Trial", "Status", "Score", ...names], rows),
  ];
}

async function archivePreview(file) {
  const entries = await readDirectory(file);
  const trials = entries.filter((entry) => TRIAL.test(entry.name));
  if (trials.length) return kerasTunerPreview(file, trials);
  const events = entries.filter((entry) => EVENTS.test(entry.name));
  const folders = new Set(events.map((entry) => folderName(entry.name) ?? ""));
  if (events.length) return [fact(`TensorBoard: ${counted(events.length, "event file")} in ${counted(folders.size, "folder")}`)];
  return [fact("No trials found. Select the folder of a KerasTuner project or of TensorBoard logs.")];
}

function journalPreview(text, isWhole) {
  const lines = text.split("\n").slice(0, isWhole ? undefined : -1).filter((line) => line.trim());
  const studies = lines.map((line) => JSON.parse(line)).filter((line) => line.op_code === CREATE_STUDY).map((line) => line.study_name);
  const more = studies.length > MAX_STUDIES || !isWhole ? ", …" : "";
  return [fact(`Optuna journal: ${counted(studies.length, "study", "studies")}: ${studies.slice(0, MAX_STUDIES).join(", ")}${more}`)];
}

export async function importPreview(file) {
  const bytes = await firstBytes(file.stream(), TEXT_BYTES);
  const head = new TextDecoder("latin1").decode(bytes.slice(0, SQLITE.length));
  if (head.startsWith("PK")) return archivePreview(file);
  if (head === SQLITE) return [fact("Optuna database. Its studies are listed after the upload.")];
  const isWhole = file.size <= TEXT_BYTES;
  if (head.startsWith("{")) return journalPreview(decode(bytes), isWhole);
  return textPreview(file.name, bytes, isWhole);
}
