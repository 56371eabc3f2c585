// What is known of each source: up, down, refused, set up or not, and what is left today.

import * as api from "./api.js";
import { LOCAL, byId, count, el, number, unambiguous } from "./words.js";

const WORDS = { up: "up", down: "down", refused: "refused", setup: "not set up", paused: "paused", broken: "broken", not_asked: "not asked" };
const ABSENT = new Set(["setup", "paused", "broken"]);
const FAILING = new Set(["down", "refused"]);

let known = [];

const LONGEST = 110;

/** The beginning of a long text; the whole of it is in the tooltip. */
const clip = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST).trimEnd()} …` : text);
const clock = (instant) => unambiguous(new Date(instant), LOCAL);

/** Show the sources, and return whether one changed; if they cannot be read now, nothing is known. */
export async function refresh() {
  const before = JSON.stringify(known);
  try {
    known = (await api.sources()).sources;
    byId("sources").replaceChildren(...known.filter((source) => source.series.length).map(item));
  } catch (problem) {
    if (problem.status === 401) throw problem;
    unknown(problem.message);
  }
  return JSON.stringify(known) !== before;
}

export function unknown(why) {
  known = [];
  byId("sources").replaceChildren(el("li", { class: "quiet" }, `Unknown: ${why}`));
}

function item(source) {
  const facts = [when(source), left(source), rate(source)].filter(Boolean).join(" · ");
  return el("li", { title: `${source.sentence}.`, "data-state": source.state }, el("span", { class: `badge source-${source.state}` }, WORDS[source.state]), " ", el("b", {}, source.title), " ", el("span", { class: "quiet" }, facts));
}

function when(source) {
  if (source.state === "refused") return source.refused_until ? `until ${clock(source.refused_until)}: ${clip(source.refusal)}` : "nothing is left today";
  if (source.state === "down") return `since ${clock(source.down_since)}: ${clip(source.error)}`;
  if (ABSENT.has(source.state)) return source.not_set_up[0]?.needs || source.not_set_up[0]?.reason || "";
  return source.last_answer ? `answered ${clock(source.last_answer)}` : "in the last 24 hours";
}

function left(source) {
  if (ABSENT.has(source.state)) return "";
  if (source.records_left !== null) return `${count(source.records_left, "record")} left today`;
  return source.calls_left === null ? "" : `${count(source.calls_left, "call")} left today`;
}

const rate = (source) => (source.is_learned ? `learned rate: ${number(source.per_minute)} a minute` : "");

/** "REE apidatos down since 13:07", if each source of a series that is set up fails; else nothing. */
export function trouble(series) {
  const able = known.filter((source) => source.series.includes(series) && !ABSENT.has(source.state));
  if (!able.length || able.some((source) => !FAILING.has(source.state))) return "";
  return able.map((source) => (source.state === "down" ? `${source.title} down since ${clock(source.down_since)}` : `${source.title} refuses${source.refused_until ? ` until ${clock(source.refused_until)}` : ""}`)).join(", ");
}
