// Elements, numbers and dates for people. Data becomes text only here, through textContent.

/** Make an element: el("td", {class: "num"}, "12", otherElement). */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

const whole = new Intl.NumberFormat("en-GB");
export const number = (n) => whole.format(n);
export const count = (n, noun) => `${number(n)} ${noun}${n === 1 ? "" : "s"}`;

/** "1,450 slots healed, 16 enriched": what a run wrote. */
export const total = (healed, enriched) => `${count(healed, "slot")} healed${enriched ? `, ${number(enriched)} enriched` : ""}`;

/** "needs aemet_default or siar_default": one of them is enough. */
export const needed = (needs) => `needs ${needs.join(" or ")}`;

/** "humidity is missing", if a slot has other required fields; else nothing. */
export function without(fields, required) {
  if (!fields.length || fields.length >= required.length) return "";
  return `${fields.join(" and ")} ${fields.length === 1 ? "is" : "are"} missing`;
}

export function percent(share) {
  if (share === null || share === undefined) return "–";
  const shown = Math.floor(share * 10000) / 100;
  return `${shown === 100 ? "100" : shown.toFixed(2)} %`;
}

export function duration(seconds) {
  if (seconds < 1) return "a second";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export function hours(n) {
  return n >= 72 ? `${Math.round(n / 24)} d` : `${Math.round(n * 10) / 10} h`;
}

const formats = new Map();

/** "2025-10-26 01:00" of an instant in a zone. */
export function local(instant, zone) {
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" }));
  }
  return formats.get(zone).format(instant);
}

const HOUR_MS = 3600000;
const offsets = new Map();

/** The same; with its offset if this local time comes twice: "2025-10-26 02:30 +02:00". */
export function unambiguous(instant, zone) {
  const text = local(instant, zone);
  const isTwice = [-HOUR_MS, HOUR_MS].some((ms) => local(new Date(instant.getTime() + ms), zone) === text);
  return isTwice ? `${text} ${offset(instant, zone)}` : text;
}

function offset(instant, zone) {
  if (!offsets.has(zone)) offsets.set(zone, new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "longOffset" }));
  const part = offsets.get(zone).formatToParts(instant).find(({ type }) => type === "timeZoneName");
  return part.value.replace("GMT", "") || "+00:00";
}

export const DAY_MS = 86400000;
export const dayNumber = (iso) => Math.round(Date.parse(`${iso.slice(0, 10)}T00:00:00Z`) / DAY_MS);
export const isoDay = (n) => new Date(n * DAY_MS).toISOString().slice(0, 10);
const named = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", weekday: "short", day: "numeric", month: "short", year: "numeric" });
export const dayName = (n) => named.format(n * DAY_MS);

/** The local days of [start, end) of a gap, both included. */
export function daysOf(gap, zone) {
  return [local(new Date(gap.start), zone).slice(0, 10), local(new Date(Date.parse(gap.end) - 1), zone).slice(0, 10)];
}

/** "2025-11-17 10:00 – 2025-11-21 00:00" in local time, or dates if slots are days; "02:00 +02:00 – 02:00 +01:00" in the hour that comes twice. */
export function span(gap, zone) {
  const [start, end] = [unambiguous(new Date(gap.start), zone), unambiguous(new Date(gap.end), zone)];
  if (zone === "UTC" && start.endsWith("00:00") && end.endsWith("00:00")) {
    const [first, last] = daysOf(gap, zone);
    return first === last ? first : `${first} – ${last}`;
  }
  return `${start} – ${start.slice(0, 10) === end.slice(0, 10) ? end.slice(11) : end}`;
}

/** The zone of the dates of a run of gap_detection. */
export const LOCAL = "Europe/Madrid";

/** A link that leaves the page; in Airflow's frame only the outer document may follow it. */
export function outward(href, text) {
  const made = el("a", { href }, text);
  made.addEventListener("click", (event) => {
    if (window.parent === window) return;
    event.preventDefault();
    const outer = window.parent.document.createElement("a");
    outer.href = made.href;
    window.parent.document.body.append(outer);
    outer.click();
    outer.remove();
  });
  return made;
}
