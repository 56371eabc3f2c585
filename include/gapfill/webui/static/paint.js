// Draws days and the axis.

import { prepare } from "./grid.js";
import { worst } from "./model.js";
import { Stamps } from "./patterns.js";
import { DAY_MS } from "./words.js";

let stamps = null;

/** The pictures of days in these sizes and colours, made once. */
function stampsFor(box, scale, colours) {
  if (stamps?.box !== box || stamps.scale !== scale || stamps.colours !== colours) stamps = new Stamps(box, scale, colours);
  return stamps;
}

/** Start drawing a row: returns a function that draws the next days and returns whether days are left. */
export function painter(canvas, row, grid, colours, range) {
  const context = prepare(canvas, grid.width, grid.height);
  const scale = context.getTransform().a;
  const kept = stampsFor(grid.size - 2, scale, colours);
  let i = 0;
  return (most) => {
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    const end = Math.min(row.cells.length, i + most);
    for (; i < end; i += 1) {
      const [x, y] = grid.place(row.first + i);
      context.drawImage(kept.of(worst(row.cells[i])), Math.round(x * scale), Math.round(y * scale));
    }
    context.restore();
    const isLeft = i < row.cells.length;
    if (!isLeft && range) outline(context, row, grid, colours, range);
    return isLeft;
  };
}

/** Draw all days of a row. */
export const paintRow = (...row) => painter(...row)(Infinity);

/** Draw a state for the legend: with its letter, and as the pattern of cells too small for a letter. */
export function paintSwatch(canvas, letter, colours) {
  const box = 14;
  const context = prepare(canvas, 2 * box + 2, box);
  const kept = new Stamps(box, context.getTransform().a, colours);
  context.setTransform(1, 0, 0, 1, 0, 0);
  const day = { letter, rest: letter, share: 1 };
  context.drawImage(kept.of(day), 0, 0);
  const small = kept.draw({ letter, rest: letter, part: box, isNamed: false });
  context.drawImage(small, canvas.width - small.width, 0);
}

function outline(context, row, grid, colours, [from, to]) {
  context.strokeStyle = colours.focus;
  context.lineWidth = 1.5;
  for (let day = Math.max(from, row.first); day <= Math.min(to, row.last); day += 1) {
    const [x, y] = grid.place(day);
    context.strokeRect(x - 0.25, y - 0.25, grid.size - 1.5, grid.size - 1.5);
  }
}

const months = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", month: "short" });

/** Draw the names of months and years above the weeks. */
export function paintAxis(canvas, grid, colours) {
  const context = prepare(canvas, grid.width, 22);
  context.textBaseline = "middle";
  let free = -Infinity;
  for (let week = 0; week < grid.weeks; week += 1) {
    const day = new Date((grid.origin + week * 7 + 6) * DAY_MS);
    if (day.getUTCDate() > 7) continue;
    const isYear = day.getUTCMonth() === 0;
    const x = week * grid.size;
    const text = isYear ? String(day.getUTCFullYear()) : months.format(day);
    context.font = `${isYear ? 700 : 400} 11.5px system-ui, sans-serif`;
    if (x < free && !isYear) continue;
    if (isYear && x < free) context.clearRect(x - 1, 0, grid.width, 22);
    context.fillStyle = isYear ? colours.text : colours.quiet;
    context.fillText(text, x, 12);
    free = x + context.measureText(text).width + 8;
  }
}
