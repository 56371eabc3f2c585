// The slots of a few days in local time: the state of each, and the hour of its column.

import { local } from "./words.js";

/** The step of slots from an instant; it may change within the days shown. */
function stepper({ eras, step }) {
  const known = eras?.length ? eras : [[-Infinity, step]];
  return (at) => {
    const i = Math.max(0, known.findLastIndex(([start]) => start <= at));
    return { step: known[i][1], next: Math.min(at + known[i][1], known[i + 1]?.[0] ?? Infinity) };
  };
}

/** Every slot by local day: {slot, at, step, letter, source, value, others, partial, minutes, again}. */
export function byDay(found) {
  const stepAt = stepper(found);
  const letters = new Map();
  for (const [start, n, letter] of found.runs) {
    for (let i = 0, at = start; i < n; i += 1, at = stepAt(at).next) letters.set(at, letter);
  }
  const readings = new Map(found.readings.map(([slot, source, value]) => [slot, { source: found.sources[source], value, others: [] }]));
  for (const [slot, field, source] of found.others ?? []) readings.get(slot)?.others.push(`${field} from ${found.sources[source]}`);
  const partial = new Map();
  for (const [start, n, words] of found.partial ?? []) {
    for (let i = 0, at = start; i < n; i += 1, at = stepAt(at).next) partial.set(at, words);
  }
  const days = new Map();
  for (const slot of [...letters.keys()].sort((a, b) => a - b)) {
    const at = local(new Date(slot * 1000), found.zone);
    const day = at.slice(0, 10);
    if (!days.has(day)) days.set(day, []);
    const minutes = 60 * Number(at.slice(11, 13)) + Number(at.slice(14));
    // When clocks go back, an hour comes twice; "again" marks the second one.
    const again = days.get(day).some((earlier) => earlier.minutes === minutes) ? 1 : 0;
    days.get(day).push({ slot, at, step: stepAt(slot).step, letter: letters.get(slot), minutes, again, partial: partial.get(slot), ...readings.get(slot) });
  }
  return days;
}

const hourOf = ({ minutes }) => Math.floor(minutes / 60);
const order = (a, b) => hourOf(a) - hourOf(b) || a.again - b.again || a.minutes - b.minutes;

/** The columns that these days need: {minutes, again, name}; only the first of an hour has a name. */
export function columnsOf(days) {
  const found = new Map();
  for (const slots of days.values()) for (const { minutes, again } of slots) found.set(`${minutes} ${again}`, { minutes, again });
  const columns = [...found.values()].sort(order);
  return columns.map((column, i) => {
    const isFirst = i === 0 || hourOf(columns[i - 1]) !== hourOf(column) || columns[i - 1].again !== column.again;
    return { ...column, name: isFirst ? `${String(hourOf(column)).padStart(2, "0")}${column.again ? " again" : ""}` : "" };
  });
}

/** Whether a slot covers the time of a column. */
const covers = (slot, column) =>
  column.minutes >= slot.minutes && column.minutes < slot.minutes + slot.step / 60 && (slot.step > 3600 || column.again === slot.again);

/** A day along the columns: {slot, column, span}; slot is null if the day has no such hour. */
export function along(slots, columns) {
  const placed = [];
  for (let i = 0; i < columns.length; ) {
    const slot = slots.find((one) => one.minutes === columns[i].minutes && one.again === columns[i].again) ?? null;
    let span = 1;
    while (slot && i + span < columns.length && covers(slot, columns[i + span])) span += 1;
    placed.push({ slot, column: i, span });
    i += span;
  }
  return placed;
}
