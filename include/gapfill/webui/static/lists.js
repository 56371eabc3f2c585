// Open gaps by severity, and what no source has.

import { byId, count, daysOf, el, hours, local, span } from "./words.js";

const SHOWN = 60;

/** @param heal called with a series name and two dates */
export function show(document, zones, heal) {
  const open = document.gaps.filter((gap) => gap.state === "missing");
  const given = document.gaps.filter((gap) => gap.state === "unfillable");
  byId("gaps").replaceChildren(...openGaps(open, zones, heal, document.gaps_open - open.length));
  byId("unfillable").replaceChildren(...unfillable(given, zones));
}

export function unknown(why) {
  for (const id of ["gaps", "unfillable"]) byId(id).replaceChildren(el("p", { class: "quiet" }, `Unknown: ${why}.`));
}

function openGaps(gaps, zones, heal, more) {
  if (!gaps.length) return [el("p", { class: "quiet" }, "None: every slot that is due has a reading, or no source has one.")];
  const rows = gaps.slice(0, SHOWN).map((gap) => {
    const zone = zones[gap.series];
    const [first, last] = daysOf(gap, zone);
    const when = gap.waiting ? `waits until ${local(new Date(gap.waiting), zone)}` : "can be healed now";
    return el(
      "tr",
      {},
      el("td", {}, el("span", { class: `badge ${gap.severity}` }, gap.severity)),
      el("td", {}, el("b", {}, gap.series), el("br"), el("span", { class: "num" }, span(gap, zone))),
      el("td", { class: "num" }, count(gap.slots, "slot"), el("br"), el("span", { class: "quiet" }, hours(gap.hours))),
      el("td", {}, el("span", { title: gap.reason }, when)),
      el("td", { class: "right" }, el("button", { type: "button", "aria-label": `Heal ${gap.series} ${first} to ${last}`, onclick: () => heal(gap.series, first, last) }, "Heal …")),
    );
  });
  const hidden = gaps.length - rows.length + more;
  const note = hidden ? [el("p", { class: "quiet small" }, `and ${count(hidden, "gap")} more`)] : [];
  return [frame("gaps", ["severity", "series and local time", "size", "state", ""], rows), ...note];
}

function unfillable(gaps, zones) {
  if (!gaps.length) return [el("p", { class: "quiet" }, "Nothing: every hole has a source that may still have it.")];
  const rows = gaps.slice(0, SHOWN).map((gap) => {
    const zone = zones[gap.series];
    const next = gap.next_ask ? `asked again ${local(new Date(gap.next_ask), zone)}` : "not asked again by itself";
    return el(
      "tr",
      {},
      el("td", {}, el("b", {}, gap.series), el("br"), el("span", { class: "num" }, span(gap, zone))),
      el("td", { class: "num" }, count(gap.slots, "slot")),
      el("td", {}, gap.reason || "no source has it", el("br"), el("span", { class: "quiet" }, next)),
    );
  });
  return [frame("", ["series and local time", "size", "why, and when next"], rows)];
}

function frame(kind, heads, rows) {
  const head = el("tr", {}, ...heads.map((text) => (text ? el("th", { scope: "col" }, text) : el("td", {}))));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": heads.filter(Boolean).join(", ") }, el("table", { class: `list ${kind}`.trim() }, el("thead", {}, head), el("tbody", {}, ...rows)));
}
