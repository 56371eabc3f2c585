// The hours of a few days of one series: a row per day, a cell per slot; a click explains a slot.

import * as api from "./api.js";
import { MARKS, NAMES } from "./model.js";
import { along, byDay, columnsOf } from "./slots.js";
import { byId, dayNumber, el, isoDay } from "./words.js";

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

function table(found, { from, to }) {
  const days = byDay(found);
  const columns = columnsOf(days);
  const isDaily = [...days.values()].flat().every((slot) => slot.step >= 86400);
  const head = el("tr", {}, el("th", {}, ""), ...columns.map(({ name }) => el("th", { scope: "col" }, isDaily ? "day" : name)));
  const made = el("table", { class: "hours" }, el("caption", { class: "unseen" }, `Slots of ${found.series} in ${found.zone} time`), el("thead", {}, head));
  const body = el("tbody");
  for (const [day, slots] of days) {
    const isPicked = dayNumber(day) >= from && dayNumber(day) <= to;
    const cells = along(slots, columns).map((place) => cell(found, place));
    body.append(el("tr", {}, el("th", { scope: "row" }, isPicked ? el("b", {}, `▸ ${day}`) : day), ...cells));
  }
  made.append(body);
  const first = made.querySelector(".s-m, .s-w, .s-u") ?? made.querySelector("td[data-slot]");
  if (first) first.tabIndex = 0;
  made.addEventListener("keydown", (event) => walk(event, made));
  return made;
}

/** The cell of a slot; empty if the clocks of that day skip the hour or have it only once. */
function cell(found, { slot, column, span }) {
  if (!slot) return el("td", { class: "none" });
  const hasValue = slot.value !== undefined && slot.value !== null;
  const own = hasValue ? [`${slot.value} ${found.unit}`, `from ${slot.source}`] : [];
  const at = slot.again ? `${slot.at} again` : slot.at;
  const said = [at, NAMES[slot.letter], slot.partial, ...own, ...(slot.others ?? [])].filter(Boolean).join(", ");
  const made = el("td", { class: `s-${slot.letter}`, tabindex: "-1", title: said, "aria-label": said, colspan: span > 1 ? String(span) : null, "data-slot": String(slot.slot), "data-column": String(column) }, MARKS[slot.letter]);
  made.addEventListener("click", () => explain(found.series, slot.slot));
  return made;
}

/** The nearest slot of a row at or before a column. */
function under(row, column) {
  const cells = [...(row?.querySelectorAll("td[data-slot]") ?? [])];
  return cells.findLast((cell) => Number(cell.dataset.column) <= column) ?? cells[0] ?? null;
}

function beside(cell, way) {
  let next = cell[way];
  while (next?.classList.contains("none")) next = next[way];
  return next;
}

function walk(event, made) {
  const here = event.target.closest("td");
  if (!here) return;
  const row = here.parentElement;
  const rows = { ArrowUp: row.previousElementSibling, ArrowDown: row.nextElementSibling };
  let next = null;
  if (event.key === "ArrowLeft") next = beside(here, "previousElementSibling");
  else if (event.key === "ArrowRight") next = beside(here, "nextElementSibling");
  else if (event.key in rows) next = under(rows[event.key], Number(here.dataset.column));
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
  box.replaceChildren(el("p", { class: "quiet" }, `Looking up ${instant} …`));
  try {
    const found = await api.explain(series, instant);
    const candidates = found.candidates.map((c) => el("li", {}, el("b", {}, c.candidate), ` ${c.sentence}`));
    box.replaceChildren(
      el("p", {}, el("b", {}, `${found.series} ${found.slot}: ${found.state}. `), found.sentence, "."),
      el("ul", {}, ...candidates),
      el("p", {}, `Next: ${found.next}.`),
    );
  } catch (problem) {
    box.replaceChildren(el("p", {}, problem.message));
  }
}
