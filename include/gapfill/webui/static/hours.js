// The hours of a few days of one series: a row per day, a cell per slot, each explained when picked.

import * as api from "./api.js";
import { MARKS, NAMES } from "./model.js";
import { byId, dayNumber, el, isoDay, local } from "./words.js";

const AROUND = 3;
const LONGEST = 62;

let shown = null;

export const current = () => shown;

export function close() {
  shown = null;
  byId("hours").hidden = true;
}

/** Show days [from, to] of a row, with a few before and after. */
export async function open(row, from, to) {
  const first = Math.max(row.first, from - AROUND);
  const last = Math.min(row.last, Math.max(from + AROUND, to), first + LONGEST - 1);
  shown = { row, from, to };
  const mine = shown;
  byId("hours").hidden = false;
  byId("hours-title").textContent = `${row.series}, ${isoDay(from)}${to === from ? "" : ` to ${isoDay(to)}`}`;
  byId("hours-heal").textContent = to === from ? "Heal this day …" : "Heal these days …";
  byId("explain").replaceChildren();
  try {
    const found = await api.slots(row.series, isoDay(first), isoDay(last));
    if (mine === shown) byId("hours-body").replaceChildren(table(found, mine));
  } catch (problem) {
    if (mine === shown) byId("hours-body").replaceChildren(el("p", {}, problem.message));
  }
}

/** What each slot is: letter, source and value, by local day. */
function unfold(found) {
  const letters = new Map();
  for (const [start, n, letter] of found.runs) for (let i = 0; i < n; i += 1) letters.set(start + i * found.step, letter);
  const readings = new Map(found.readings.map(([slot, source, value]) => [slot, { source: found.sources[source], value }]));
  const days = new Map();
  for (const slot of [...letters.keys()].sort((a, b) => a - b)) {
    const at = local(new Date(slot * 1000), found.zone);
    const day = at.slice(0, 10);
    if (!days.has(day)) days.set(day, []);
    days.get(day).push({ slot, at, letter: letters.get(slot), ...readings.get(slot) });
  }
  return days;
}

function table(found, { from, to }) {
  const days = unfold(found);
  const isDaily = found.step >= 86400;
  const widest = Math.max(1, ...[...days.values()].map((slots) => slots.length));
  const head = el("tr", {}, el("th", {}, ""), ...Array.from({ length: widest }, (_, i) => el("th", { scope: "col" }, isDaily ? "day" : columnName(i, widest, found.step))));
  const made = el("table", { class: "hours" }, el("caption", { class: "unseen" }, `Slots of ${found.series} in ${found.zone} time`), el("thead", {}, head));
  const body = el("tbody");
  for (const [day, slots] of days) {
    const isPicked = dayNumber(day) >= from && dayNumber(day) <= to;
    body.append(el("tr", {}, el("th", { scope: "row" }, isPicked ? el("b", {}, `▸ ${day}`) : day), ...slots.map((slot) => cell(found, slot))));
  }
  made.append(body);
  const first = made.querySelector(".s-m, .s-w, .s-u, td");
  if (first) first.tabIndex = 0;
  made.addEventListener("keydown", (event) => walk(event, made));
  return made;
}

/** "00" … "23"; a day of 25 hours has a column more. */
function columnName(i, widest, step) {
  const perHour = 3600 / step;
  if (i % perHour) return "";
  const hour = i / perHour;
  return hour < 24 || widest <= 24 * perHour ? String(hour).padStart(2, "0") : "+1";
}

function cell(found, slot) {
  const value = slot.value === undefined || slot.value === null ? "" : `${slot.value} ${found.unit}`;
  const said = [slot.at, NAMES[slot.letter], value, slot.source ? `from ${slot.source}` : ""].filter(Boolean).join(", ");
  const made = el("td", { class: `s-${slot.letter}`, tabindex: "-1", title: said, "aria-label": said }, MARKS[slot.letter]);
  made.addEventListener("click", () => explain(found.series, slot.slot));
  made.dataset.slot = slot.slot;
  return made;
}

function walk(event, made) {
  const here = event.target.closest("td");
  if (!here) return;
  const row = here.parentElement;
  const rows = { ArrowUp: row.previousElementSibling, ArrowDown: row.nextElementSibling };
  let next = null;
  if (event.key === "ArrowLeft") next = here.previousElementSibling;
  else if (event.key === "ArrowRight") next = here.nextElementSibling;
  else if (event.key in rows) next = rows[event.key]?.children[here.cellIndex];
  else if (event.key === "Enter" || event.key === " ") here.click();
  else return;
  event.preventDefault();
  if (next?.tagName !== "TD") return;
  made.querySelectorAll('td[tabindex="0"]').forEach((cell) => cell.setAttribute("tabindex", "-1"));
  next.tabIndex = 0;
  next.focus();
}

async function explain(series, slot) {
  const box = byId("explain");
  const instant = new Date(slot * 1000).toISOString().replace(".000", "");
  box.replaceChildren(el("p", { class: "quiet" }, `Asking what is known of ${instant} …`));
  try {
    const told = await api.explain(series, instant);
    const verdicts = told.candidates.map((c) => el("li", {}, el("b", {}, c.candidate), ` ${c.sentence}`));
    box.replaceChildren(
      el("p", {}, el("b", {}, `${told.series} ${told.slot}: ${told.state}. `), told.sentence, "."),
      el("ul", {}, ...verdicts),
      el("p", {}, `Next: ${told.next}.`),
    );
  } catch (problem) {
    box.replaceChildren(el("p", {}, problem.message));
  }
}
