// Draws days and the axis. Every state that is not well has a mark or a pattern besides its colour.

import { prepare } from "./grid.js";
import { MARKS, worst } from "./model.js";
import { DAY_MS } from "./words.js";

const LEAST_LETTER = 11;
const LEAST_SHARE = 0.4;
const MOSTLY = 0.6;
const HATCHED = new Set(["w", "u", "x"]);

/** Draw all days of a row. */
export function paintRow(canvas, row, grid, colours, range) {
  const context = prepare(canvas, grid.width, grid.height);
  const box = grid.size - 2;
  const radius = grid.size >= LEAST_LETTER ? 2 : 0;
  context.font = `700 ${Math.min(12, Math.round(box * 0.78))}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let i = 0; i < row.cells.length; i += 1) {
    const [x, y] = grid.place(row.first + i);
    const { letter, share, rest } = worst(row.cells[i]);
    fill(context, x, y, box, box, radius, colours[rest].fill);
    if (letter !== rest) {
      const part = Math.max(LEAST_SHARE, share) * box;
      fill(context, x, y + box - part, box, part, radius, colours[letter].fill);
    }
    if (HATCHED.has(letter)) hatch(context, x, y, box, colours[letter].ink, letter);
    // A part of a day is told by its shape: a block at the foot of the cell.
    if (box >= LEAST_LETTER - 2 && MARKS[letter] && share > MOSTLY) {
      context.fillStyle = colours[letter].ink;
      context.fillText(MARKS[letter], x + box / 2, y + box / 2 + 0.5);
    }
  }
  if (range) outline(context, row, grid, colours, range);
}

function fill(context, x, y, width, height, radius, colour) {
  context.fillStyle = colour;
  if (!radius) {
    context.fillRect(x, y, width, height);
    return;
  }
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.fill();
}

function hatch(context, x, y, box, colour, letter) {
  context.save();
  context.beginPath();
  context.rect(x, y, box, box);
  context.clip();
  context.strokeStyle = colour;
  context.globalAlpha = 0.28;
  context.lineWidth = 1;
  context.beginPath();
  for (let d = -box; d < box; d += 4) {
    context.moveTo(x + d, y + box);
    context.lineTo(x + d + box, y);
    if (letter === "x") {
      context.moveTo(x + d, y);
      context.lineTo(x + d + box, y + box);
    }
  }
  context.stroke();
  context.restore();
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

/** Draw the names of months and years over the weeks. */
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
