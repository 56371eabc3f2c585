// Joins the parts: looks at the store every few seconds, and never shows more than is known.

import * as api from "./api.js";
import { Calendar } from "./calendar.js";
import { Form } from "./form.js";
import * as hours from "./hours.js";
import * as lists from "./lists.js";
import { MARKS, NAMES, unfold, unknown } from "./model.js";
import * as runs from "./runs.js";
import * as tip from "./tip.js";
import { byId, count, el, isoDay, number } from "./words.js";

const REST_MS = 15000;
const BUSY_MS = 4000;

let rows = [];
let gaps = [];
let said = "";
let timer = 0;
let advised = null;

const form = new Form(async (ended) => {
  if (ended) await refresh();
  else schedule(BUSY_MS);
});

const calendar = new Calendar({
  hover: (row, day, box) => tip.show(row, day, box, gaps),
  leave: () => tip.hide(),
  look: (row, day) => hours.open(row, day, day),
  pick: (row, from, to) => {
    tip.hide();
    hours.open(row, from, to);
    heal(row.series, isoDay(from), isoDay(to));
  },
});

function heal(series, first, last) {
  form.open(`series:${series}`, first, last);
}

/** Look at everything once. */
async function refresh() {
  clearTimeout(timer);
  const ofRuns = runs.refresh();
  try {
    show(await api.coverage());
    await advise();
  } catch (problem) {
    showUnknown(problem);
  }
  schedule((await ofRuns) ? BUSY_MS : REST_MS);
}

function schedule(wait) {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, wait);
}

function show(found) {
  const news = JSON.stringify([found.series, found.gaps]);
  const isNew = news !== said;
  said = news;
  delete document.body.dataset.blind;
  alertWith(found.series.filter((row) => row.error).map((row) => `${row.series} could not be read: ${row.error}`).join(" "));
  byId("paused").hidden = found.dag.known && !found.dag.paused;
  byId("paused").textContent = found.dag.known ? "gap_detection is paused: nothing heals by itself, and runs started here wait in the queue." : "Airflow does not know gap_detection: no run can be started.";
  byId("asof").textContent = `as of ${found.now.slice(0, 16).replace("T", " ")}Z`;
  byId("headline").textContent = headline(found);
  document.body.dataset.state = found.state;
  if (!isNew) return;
  tip.forget();
  rows = found.series.map(unfold);
  gaps = found.gaps;
  form.offer(rows);
  calendar.show(rows);
  lists.show(found, Object.fromEntries(rows.map((row) => [row.series, row.zone])), heal);
  const looked = hours.current();
  if (looked) hours.open(rows.find((row) => row.series === looked.row.series) ?? looked.row, looked.from, looked.to);
}

function headline(found) {
  if (found.state === "unknown") return "Unknown: some series cannot be read";
  const missing = found.series.reduce((sum, row) => sum + (row.slots.missing ?? 0), 0);
  if (!missing) return "Nothing is missing";
  return `${number(missing)} slots are missing in ${count(found.gaps_open, "gap")}`;
}

/** Say what to do about it. */
async function advise() {
  const found = await api.summary();
  byId("advice").textContent = found.recommendation;
  advised = found;
  byId("heal-all").disabled = false;
}

byId("heal-all").addEventListener("click", () => {
  const body = advised?.strategy.body;
  const days = Number(advised?.strategy.path?.split("days_back=")[1] ?? 1);
  const today = advised ? advised.now.slice(0, 10) : isoDay(Math.floor(Date.now() / 86400000));
  const ago = isoDay(Math.floor(Date.parse(`${today}T00:00:00Z`) / 86400000) - days);
  form.open("all", body?.start_date ?? ago, body?.end_date ?? today);
});

/** Nothing is known: nothing may look well. */
function showUnknown(problem) {
  said = "";
  gaps = [];
  alertWith(problem.message);
  document.body.dataset.state = "unknown";
  document.body.dataset.blind = "true";
  byId("headline").textContent = "Unknown";
  byId("asof").textContent = byId("asof").textContent.replace("as of", "last seen");
  byId("advice").textContent = "What is missing cannot be told now; this page tries again by itself.";
  byId("heal-all").disabled = true;
  tip.hide();
  tip.forget();
  hours.close();
  lists.unknown();
  if (rows.length) calendar.show(rows.map(unknown));
  else byId("calendar").replaceChildren(el("p", { class: "gutter" }, "Unknown"));
}

function alertWith(sentence) {
  byId("alert").textContent = sentence;
  byId("alert").hidden = !sentence;
}

function legend() {
  const items = ["c", "o", "p", "d", "m", "w", "u", "n", "x"].map((letter) => el("li", {}, el("span", { class: `swatch s-${letter}`, "aria-hidden": "true" }, MARKS[letter]), NAMES[letter]));
  byId("legend").replaceChildren(...items);
}

byId("hours-close").addEventListener("click", () => {
  hours.close();
  calendar.clear();
});
byId("hours-heal").addEventListener("click", () => {
  const { row, from, to } = hours.current();
  heal(row.series, isoDay(from), isoDay(to));
});
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refresh()));

legend();
refresh();
