// Connects the parts: requests the state of the store every few seconds, and never shows more than is known.

import * as api from "./api.js";
import { Calendar } from "./calendar.js";
import { Filter } from "./filter.js";
import { Form, NEEDS, mayStart } from "./form.js";
import { palette } from "./grid.js";
import * as hours from "./hours.js";
import * as lists from "./lists.js";
import { NAMES, unfold, unknown, whole } from "./model.js";
import { paintSwatch } from "./paint.js";
import * as runs from "./runs.js";
import * as sources from "./sources.js";
import * as tip from "./tip.js";
import { LOCAL, byId, count, el, isoDay, local, number, outward } from "./words.js";

const REST_MS = 15000;
const BUSY_MS = 4000;
const NAMED = 5;

let rows = [];
let gaps = [];
let shownText = "";
let timer = 0;
let advised = null;

const form = new Form(async (ended) => {
  if (ended) await refresh();
  else schedule(BUSY_MS);
});

const calendar = new Calendar({
  hover: (row, day, box) => tip.show(row, day, box, gaps),
  leave: () => tip.hide(),
  look: async (row, day, isTouched) => {
    // Below the calendar, show the text of the tooltip: a touch shows no tooltip.
    const filled = tip.fill(byId("hours-told"), row, day, gaps);
    await Promise.all([hours.open(row, day, day), filled]);
    if (isTouched || innerWidth <= 860) byId("hours").scrollIntoView({ block: "nearest" });
  },
  pick: (row, from, to) => {
    tip.hide();
    byId("hours-told").replaceChildren();
    hours.open(row, from, to);
    heal(row.series, isoDay(from), isoDay(to));
  },
});

const filter = new Filter(() => refresh());

function heal(series, first, last) {
  form.open(`series:${series}`, first, last);
}

let underway = null;
let isStale = false;
let isBusy = false;

/** Refresh everything. During a refresh no second one starts: the first repeats its requests. */
function refresh() {
  clearTimeout(timer);
  if (underway) {
    isStale = true;
    return underway;
  }
  underway = look().finally(() => {
    underway = null;
    schedule(isBusy ? BUSY_MS : REST_MS);
  });
  return underway;
}

async function look() {
  do {
    isStale = false;
    const ofRuns = runs.refresh();
    try {
      const found = await api.coverage(filter.query());
      show(found);
      const [isChanged] = await Promise.all([sources.refresh(), advise()]);
      if (isChanged) lists.show(found, rows, heal);
    } catch (problem) {
      showUnknown(problem);
    }
    isBusy = await ofRuns;
  } while (isStale && !document.hidden);
}

function schedule(wait) {
  clearTimeout(timer);
  if (!document.hidden && !underway) timer = setTimeout(refresh, wait);
}

function show(found) {
  const news = JSON.stringify([found.series, found.gaps, found.groups, found.series_total]);
  const isNew = news !== shownText;
  shownText = news;
  delete document.body.dataset.blind;
  alertWith(found.errors.join(" "));
  byId("paused").hidden = found.dag.known && !found.dag.paused;
  byId("paused").textContent = found.dag.known ? "gap_detection is paused: nothing heals automatically, and runs started here wait in the queue." : "Airflow does not know gap_detection: no run can be started.";
  byId("asof").textContent = `as of ${found.now.slice(0, 16).replace("T", " ")}Z`;
  byId("store").textContent = `Store: ${found.store}`;
  byId("headline").textContent = headline(found);
  document.body.dataset.state = found.state;
  filter.show(found);
  if (!isNew) return;
  tip.forget();
  rows = whole(found.series.map(unfold));
  gaps = found.gaps;
  form.offer(rows, gaps, found.groups.map((group) => group.name));
  calendar.show(rows);
  lists.show(found, rows, heal);
  const looked = hours.current();
  if (looked && looked.from === looked.to) {
    const row = rows.find((one) => one.series === looked.row.series) ?? looked.row;
    tip.fill(byId("hours-told"), row, looked.from, gaps);
  }
  if (looked) hours.open(rows.find((row) => row.series === looked.row.series) ?? looked.row, looked.from, looked.to);
}

function headline(found) {
  const { missing, unfillable } = found.slots;
  const lost = found.unread.length > NAMED ? [`${number(found.unread.length)} series`] : found.unread;
  const well = unfillable ? `No gap that a source could fill; no source has ${count(unfillable, "slot")}` : "Nothing is missing";
  const all = missing ? `${count(missing, "slot")} ${missing === 1 ? "is" : "are"} missing in ${count(found.gaps_open, "gap")}` : well;
  if (found.state !== "unknown") return all;
  return lost.length ? `Unknown: ${lost.join(", ")} cannot be read${missing ? `; elsewhere ${all}` : ""}` : "Unknown: some series cannot be read";
}

/** Show the recommendation. If it cannot be read now, the calendar stays as it is. */
async function advise() {
  try {
    const found = await api.summary();
    byId("advice").textContent = found.recommendation;
    advised = found;
    byId("heal-all").disabled = found.state === "unknown";
  } catch (problem) {
    if (problem.status === 401) throw problem;
    byId("advice").textContent = `There is no recommendation now: ${problem.message}`;
    advised = null;
    byId("heal-all").disabled = true;
  }
}

byId("heal-all").addEventListener("click", () => {
  const body = advised?.strategy.body;
  const days = Number(advised?.strategy.path?.split("days_back=")[1] ?? 1);
  const today = local(advised ? new Date(advised.now) : new Date(), LOCAL).slice(0, 10);
  const ago = isoDay(Math.floor(Date.parse(`${today}T00:00:00Z`) / 86400000) - days);
  form.open("all", body?.start_date ?? ago, body?.end_date ?? today);
});

/** Show that nothing is known: nothing on the page may look complete. */
function showUnknown(problem) {
  shownText = "";
  gaps = [];
  const isOut = problem.status === 401;
  alertWith(problem.message, ...(isOut ? [" ", outward(api.loginLink(), "Log in")] : []));
  document.body.dataset.state = "unknown";
  document.body.dataset.blind = "true";
  byId("headline").textContent = "Unknown";
  byId("asof").textContent = byId("asof").textContent.replace("as of", "last seen");
  byId("advice").textContent = isOut ? "You are signed out." : "It is not known now what is missing; this page tries again automatically.";
  byId("heal-all").disabled = true;
  tip.hide();
  tip.forget();
  hours.close();
  sources.unknown(problem.message);
  lists.unknown(isOut ? "you are signed out" : problem.status === 503 ? "the store cannot be read" : problem.status ? "the reason is at the top of the page" : "Airflow does not answer");
  if (rows.length) calendar.show(rows.map(unknown));
  else byId("calendar").replaceChildren(el("p", { class: "gutter" }, "Unknown"));
}

function alertWith(sentence, ...more) {
  const news = `${sentence}${more.length}`;
  if (byId("alert").dataset.shown === news) return;
  byId("alert").dataset.shown = news;
  byId("alert").replaceChildren(sentence, ...more);
  byId("alert").hidden = !sentence;
}

function legend() {
  const colours = palette();
  const items = ["c", "o", "p", "d", "m", "w", "u", "n", "x"].map((letter) => {
    const swatch = el("canvas", { "aria-hidden": "true" });
    paintSwatch(swatch, letter, colours);
    return el("li", {}, swatch, NAMES[letter]);
  });
  byId("legend").replaceChildren(...items);
}

document.addEventListener("theme", legend);
byId("hours-close").addEventListener("click", () => {
  hours.close();
  calendar.clear();
});
byId("hours-heal").addEventListener("click", () => {
  const { row, from, to } = hours.current();
  heal(row.series, isoDay(from), isoDay(to));
});
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refresh()));

byId("rights").hidden = mayStart();
byId("rights").textContent = `You may look at everything and see what healing would cost, but not start runs. ${NEEDS}`;
legend();
refresh();
