// The tooltip of a day: its numbers, its gap, and the sources of its readings.

import * as api from "./api.js";
import { sentence } from "./model.js";
import { byId, dayName, daysOf, el, isoDay, local, needed, span, unambiguous, without } from "./words.js";

const REST_MS = 220;

/** Slots by series and month, as they were when first read. */
const months = new Map();
let timer = 0;

export function forget() {
  months.clear();
}

/** The slots of the month of a day, kept until the next change. */
export function monthOf(row, day) {
  const month = isoDay(day).slice(0, 7);
  const key = `${row.series} ${month}`;
  if (!months.has(key)) {
    const end = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0)).toISOString().slice(0, 10);
    const asked = api.slots(row.series, `${month}-01`, end);
    asked.catch(() => months.delete(key));
    months.set(key, asked);
  }
  return months.get(key);
}

/** A gap in a line: its severity, its span, its missing fields, and the reason. */
function lineOf(gap, row) {
  const partial = without(gap.fields, row.required);
  const parts = [`${gap.severity} gap`, span(gap, row.zone), partial];
  if (gap.cause === "down") parts.push("source down");
  if (gap.cause === "setup") parts.push(needed(gap.needs));
  if (gap.waiting) parts.push(`waits until ${unambiguous(new Date(gap.waiting), row.zone)}`);
  return `${parts.filter(Boolean).join(", ")}${gap.reason ? `: ${gap.reason}` : ""}`;
}

/** What is known about a day without a request: its name, its numbers and its gaps. */
function known(row, day, gaps) {
  const iso = isoDay(day);
  const lines = gaps
    .filter((gap) => gap.series === row.series && daysOf(gap, row.zone)[0] <= iso && daysOf(gap, row.zone)[1] >= iso)
    .map((gap) => el("span", {}, lineOf(gap, row), el("br")));
  return [el("b", {}, `${row.series} · ${dayName(day)}`), el("span", {}, sentence(row.cells[day - row.first])), el("br"), ...lines];
}

/** Show the same below the calendar, for tapped days: a touch shows no tooltip. */
export async function fill(target, row, day, gaps) {
  const sources = el("span", {}, "");
  target.replaceChildren(...known(row, day, gaps), sources);
  try {
    sources.textContent = sourcesOf(await monthOf(row, day), day);
  } catch {
    // The table of hours shows the reason.
  }
}

export function show(row, day, box, gaps) {
  const tip = byId("tip");
  const sources = el("span", {}, "");
  tip.replaceChildren(...known(row, day, gaps), sources);
  tip.hidden = false;
  delete tip.dataset.sources;
  place(tip, box);
  mark(box);
  clearTimeout(timer);
  timer = setTimeout(() => addSources(row, day, sources, () => place(tip, box)), REST_MS);
}

export function hide() {
  clearTimeout(timer);
  byId("tip").hidden = true;
  byId("cursor").hidden = true;
}

/** A frame around the day. */
function mark({ left, top, size }) {
  const cursor = byId("cursor");
  cursor.hidden = false;
  cursor.style.left = `${left - 3}px`;
  cursor.style.top = `${top - 3}px`;
  cursor.style.width = `${size + 4}px`;
  cursor.style.height = `${size + 4}px`;
}

document.addEventListener("scroll", hide, { capture: true, passive: true });

/** "16 from siar/J17, 8 from openweathermap", and for merged slots "; humidity of 8 from open_meteo". */
function sourcesOf(found, day) {
  const named = new Map();
  const isOfDay = (slot) => local(new Date(slot * 1000), found.zone).slice(0, 10) === isoDay(day);
  const add = (key) => named.set(key, (named.get(key) ?? 0) + 1);
  for (const [slot, source, value] of found.readings) if (isOfDay(slot) && value !== null) add(` from ${found.sources[source]}`);
  const whole = [...named].map(([words, n]) => `${n}${words}`).join(", ");
  named.clear();
  for (const [slot, field, source] of found.others ?? []) if (isOfDay(slot)) add(`${field} | from ${found.sources[source]}`);
  const merged = [...named].map(([words, n]) => words.replace("|", `of ${n}`));
  return [whole, ...merged].filter(Boolean).join("; ");
}

async function addSources(row, day, target, settle) {
  try {
    target.textContent = sourcesOf(await monthOf(row, day), day);
    byId("tip").dataset.sources = "shown";
    settle();
  } catch {
    // The numbers stay; the top of the page reports a store that is down.
  }
}

function place(tip, box) {
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(innerWidth - width - 8, Math.max(8, box.left + box.size / 2 - width / 2));
  const over = box.top - height - 8;
  tip.style.left = `${left}px`;
  tip.style.top = `${over > 8 ? over : box.top + box.size + 8}px`;
}
