// How a cell looks. A letter or a pattern shows its state without colour at every size.

import { MARKS } from "./model.js";

const LEAST_LETTER = 9;
const LEAST_SHARE = 0.4;
const LEAST_PART = 3;
const MOSTLY = 0.6;
const FAINT = new Set(["w", "u", "x"]);

/** Points of a pattern that are inked, in pixels from its corner; complete days have no pattern. */
const INKED = {
  o: (x, y) => x % 4 === 2 && y % 3 === 1,
  p: (x) => x % 3 === 1,
  d: (x, y) => y % 3 === 1,
  n: (x, y, width, height) => x === 0 || y === 0 || x === width - 1 || y === height - 1,
  w: (x, y) => (x + y) % 4 === 2,
  m: (x, y) => (Math.floor(x / 2) + Math.floor(y / 2)) % 2 === 1,
  u: (x, y) => (x - y + 400) % 4 === 2,
  x: (x, y) => (x + y) % 4 === 2 || (x - y + 400) % 4 === 2,
};

/** How a day is drawn: its worst state at the foot of the cell, the rest above. */
export function lookOf({ letter, share, rest }, box) {
  const part = letter === rest ? box : Math.min(box, Math.max(LEAST_PART, Math.round(Math.max(LEAST_SHARE, share) * box)));
  // A part of a day has no letter; its shape shows it: a block at the foot of the cell.
  const isNamed = box >= LEAST_LETTER && Boolean(MARKS[letter]) && share > MOSTLY;
  return { letter, rest, part, isNamed, key: `${letter}${rest}${part}${isNamed}` };
}

/** Draws each look once, and returns its picture. */
export class Stamps {
  constructor(box, scale, colours) {
    this.box = box;
    this.scale = scale;
    this.colours = colours;
    this.made = new Map();
  }

  of(day) {
    const look = lookOf(day, this.box);
    if (!this.made.has(look.key)) this.made.set(look.key, this.draw(look));
    return this.made.get(look.key);
  }

  draw({ letter, rest, part, isNamed }) {
    const { box } = this;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.max(1, Math.round(box * this.scale));
    const context = canvas.getContext("2d");
    context.setTransform(canvas.width / box, 0, 0, canvas.height / box, 0, 0);
    if (box >= LEAST_LETTER) {
      context.beginPath();
      context.roundRect(0, 0, box, box, 2);
      context.clip();
    }
    if (part < box) this.block(context, rest, 0, box - part, isNamed);
    this.block(context, letter, box - part, part, isNamed);
    if (isNamed) {
      context.font = `700 ${Math.min(12, Math.round(box * 0.78))}px system-ui, sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillStyle = this.colours[letter].ink;
      context.fillText(MARKS[letter], box / 2, box / 2 + 0.5);
    }
    return canvas;
  }

  /** A block across the cell in the colour and pattern of its state; with a letter, the pattern is faint or absent. */
  block(context, letter, top, height, isNamed) {
    context.globalAlpha = 1;
    context.fillStyle = this.colours[letter].fill;
    context.fillRect(0, top, this.box, height);
    const inked = INKED[letter];
    if (!inked || (isNamed && !FAINT.has(letter))) return;
    context.globalAlpha = isNamed ? 0.28 : 0.62;
    context.fillStyle = this.colours[letter].ink;
    for (let y = 0; y < height; y += 1) for (let x = 0; x < this.box; x += 1) if (inked(x, y, this.box, height)) context.fillRect(x, top + y, 1, 1);
    context.globalAlpha = 1;
  }
}
