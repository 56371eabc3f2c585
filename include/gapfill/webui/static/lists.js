// Open gaps by cause and severity, what no source has, and the warnings of `status`.

import { trouble } from "./sources.js";
import { byId, count, daysOf, el, hours, needed, number, span, unambiguous, without } from "./words.js";

const SHOWN = 60;
const WARNINGS = 20;

/** Headings of the lists of open gaps. */
const CAUSES = { askable: "Can be healed now", down: "Source down", setup: "Need a source to be set up", waiting: "Waiting for a source" };

/** @param heal called with a series name and two dates */
export function show(document, rows, heal) {
  const given = document.gaps.filter((gap) => gap.state === "unfillable");
  const lists = Object.keys(CAUSES).map((cause) => [cause, document.gaps.filter((gap) => gap.cause === cause)]);
  const open = lists.flatMap(([cause, gaps]) => openGaps(cause, gaps, heal, document.gaps_by_cause?.[cause] ?? gaps.length));
  const lost = document.gaps_total - document.gaps_open;
  const none = lost ? "None that a source could fill." : "None: every slot that is due has a reading.";
  byId("gaps").replaceChildren(...(open.length ? open : [el("p", { class: "quiet" }, none)]));
  byId("unfillable").replaceChildren(...unfillable(given));
  warn([...new Set(rows.flatMap((row) => row.warnings))]);
}

/** Show the warnings of `status` below the calendar. */
function warn(sentences) {
  const hidden = sentences.length - WARNINGS;
  const more = hidden > 0 ? [`and ${number(hidden)} more, which the command status lists`] : [];
  byId("warnings").hidden = !sentences.length;
  byId("warnings").querySelector("ul").replaceChildren(...[...sentences.slice(0, WARNINGS), ...more].map((text) => el("li", {}, text)));
}

export function unknown(why) {
  byId("warnings").hidden = true;
  for (const id of ["gaps", "unfillable"]) byId(id).replaceChildren(el("p", { class: "quiet" }, `Unknown: ${why}.`));
}

/** The state of a gap: what it needs or waits for. */
function why(gap, zone) {
  if (gap.cause === "setup") return needed(gap.needs);
  const when = gap.waiting ? `waits until ${unambiguous(new Date(gap.waiting), zone)}` : "";
  if (gap.cause === "down") return `source down${when ? `, ${when}` : ""}`;
  return when || trouble(gap.series) || "can be healed now";
}

function openGaps(cause, gaps, heal, all) {
  if (!all) return [];
  const rows = gaps.slice(0, SHOWN).map((gap) => {
    const { zone, required } = gap;
    const [first, last] = daysOf(gap, zone);
    const partial = without(gap.fields, required);
    return el(
      "tr",
      {},
      el("td", {}, el("span", { class: `badge ${gap.severity}` }, gap.severity)),
      el("td", {}, el("b", {}, gap.series), el("br"), el("span", { class: "num" }, span(gap, zone))),
      el("td", { class: "num" }, count(gap.slots, "slot"), el("br"), el("span", { class: "quiet" }, hours(gap.hours))),
      el("td", {}, el("span", { title: gap.reason }, [why(gap, zone), partial].filter(Boolean).join("; "))),
      el("td", { class: "right" }, cause === "setup" ? "" : el("button", { type: "button", "aria-label": `Heal ${gap.series} ${first} to ${last}`, onclick: () => heal(gap.series, first, last) }, "Heal …")),
    );
  });
  const hidden = all - rows.length;
  const note = hidden > 0 ? [el("p", { class: "quiet small" }, `and ${count(hidden, "gap")} more`)] : [];
  const table = rows.length ? [frame("gaps", ["severity", "series and local time", "size", "state", ""], rows)] : [];
  return [el("h3", {}, CAUSES[cause]), ...table, ...note];
}

function unfillable(gaps) {
  if (!gaps.length) return [el("p", { class: "quiet" }, "Nothing: each missing slot has a source that may still have it.")];
  const rows = gaps.slice(0, SHOWN).map((gap) => {
    const { zone, required } = gap;
    const partial = without(gap.fields, required);
    const next = gap.next_ask ? `asked again ${unambiguous(new Date(gap.next_ask), zone)}` : "not asked again automatically";
    return el(
      "tr",
      {},
      el("td", {}, el("b", {}, gap.series), el("br"), el("span", { class: "num" }, span(gap, zone))),
      el("td", { class: "num" }, count(gap.slots, "slot")),
      el("td", {}, [partial, gap.reason || "no source has it"].filter(Boolean).join(": "), el("br"), el("span", { class: "quiet" }, next)),
    );
  });
  return [frame("", ["series and local time", "size", "why, and when next"], rows)];
}

function frame(kind, heads, rows) {
  const head = el("tr", {}, ...heads.map((text) => (text ? el("th", { scope: "col" }, text) : el("td", {}))));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": heads.filter(Boolean).join(", ") }, el("table", { class: `list ${kind}`.trim() }, el("thead", {}, head), el("tbody", {}, ...rows)));
}
