// The server's data about days, prepared for drawing: one text per day, such as "20c4m".

import { dayNumber, needed, number } from "./words.js";

/** From worst to best; the worst state of a day gives its letter. */
export const WORST = ["x", "m", "w", "u", "d", "p", "o", "n", "c"];

export const NAMES = {
  c: "complete",
  o: "observed, to be upgraded",
  p: "provisional",
  d: "modelled",
  n: "not due yet",
  w: "waiting for a source",
  m: "missing",
  u: "unfillable",
  x: "unknown",
};

/** Shown in a cell in addition to its colour; a complete day has no mark. */
export const MARKS = { c: "", o: "o", p: "p", d: "d", n: "·", w: "W", m: "M", u: "U", x: "?" };

const parsed = new Map();

/** Counts by letter of a day's text. */
export function counts(text) {
  if (!parsed.has(text)) {
    const found = {};
    for (const [, n, letter] of text.matchAll(/(\d+)([a-z])/g)) found[letter] = Number(n);
    parsed.set(text, found);
  }
  return parsed.get(text);
}

const worsts = new Map();

/** The letter of a day's worst state, the share of its slots in that state, and the letter of its best state. */
export function worst(text) {
  if (!worsts.has(text)) {
    const found = counts(text);
    const total = Object.values(found).reduce((sum, n) => sum + n, 0);
    // "n" comes late in WORST, so a day that is mostly not due yet still gets the letter of a worse state.
    const letter = WORST.find((candidate) => found[candidate]) ?? "n";
    const share = total ? (found[letter] ?? 0) / total : 1;
    const rest = WORST.findLast((candidate) => found[candidate] && candidate !== letter) ?? letter;
    worsts.set(text, { letter, share, rest });
  }
  return worsts.get(text);
}

/** A row, with its days as an array from the first day. */
export function unfold(series) {
  const days = [];
  for (const [n, text] of series.days) for (let i = 0; i < n; i += 1) days.push(text);
  const first = series.first_day ? dayNumber(series.first_day) : null;
  return { ...series, first, cells: days, last: first === null ? null : first + days.length - 1 };
}

/** The same row when nothing is known: every day is unknown. */
export function unknown(row) {
  const cells = row.cells.map((text) => `${Object.values(counts(text)).reduce((sum, n) => sum + n, 0)}x`);
  return { ...row, cells, coverage: null, usable: null, newest: null, slots: { unknown: cells.length } };
}

/** All rows; one that cannot be read at all is unknown for the whole period of the others. */
export function whole(rows) {
  const known = rows.filter((row) => row.first !== null);
  const first = Math.min(...known.map((row) => row.first));
  const last = Math.max(...known.map((row) => row.last));
  return rows.map((row) => {
    if (!row.error) return row;
    if (row.first !== null) return unknown(row);
    return known.length ? unknown({ ...row, first, last, cells: Array(last - first + 1).fill("1x") }) : row;
  });
}

/** What a series is missing, a line for each reason; no line if it has every slot that is due. */
export function shortfall({ slots, causes, needs }) {
  const some = (n, words) => (n === slots.missing ? words : `${number(n)} of them: ${words}`);
  const lines = [];
  if (slots.missing) lines.push({ text: `${number(slots.missing)} missing`, isBad: true });
  if (causes?.setup) lines.push({ text: some(causes.setup, needed(needs)), isBad: true });
  if (causes?.down) lines.push({ text: some(causes.down, "source down"), isBad: true });
  if (slots.unfillable) lines.push({ text: `${number(slots.unfillable)} that no source has`, isBad: false });
  return lines;
}

/** "20 complete, 4 missing". */
export function sentence(text) {
  const found = counts(text);
  return WORST.filter((letter) => found[letter]).map((letter) => `${found[letter]} ${NAMES[letter]}`).join(", ");
}
