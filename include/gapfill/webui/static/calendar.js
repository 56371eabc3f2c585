// The coverage calendar: a band per series, a cell per day, for mouse, keyboard, touch and screen readers.

import { Grid, palette } from "./grid.js";
import { sentence, shortfall, worst } from "./model.js";
import { paintAxis, paintRow, painter } from "./paint.js";
import { byId, count, dayName, el, percent } from "./words.js";

const SMALLEST = 7;
const LARGEST = 30;
const GUTTER = 186;
const NEAR = 300;
const MOST_AT_ONCE = 20_000_000;
const CHUNK_MS = 20;
const CHUNK_DAYS = 400;
const BAD = new Set(["m", "w", "x", "u"]);

export class Calendar {
  /** @param handlers {hover(row, day, box), leave(), pick(row, from, to), look(row, day, isTouched)} */
  constructor(handlers) {
    this.handlers = handlers;
    this.scroller = byId("scroller");
    this.host = byId("calendar");
    this.bands = new Map();
    this.size = null;
    this.anchor = null;
    this.range = null;
    this.isPlaced = false;
    byId("smaller").addEventListener("click", () => this.zoom(0.8));
    byId("larger").addEventListener("click", () => this.zoom(1.25));
    document.addEventListener("theme", () => this.draw());
    let width = innerWidth;
    addEventListener("resize", () => {
      if (innerWidth !== width && this.rows) this.draw();
      width = innerWidth;
    });
  }

  /** Show rows; if the series are the same as before, only their contents are updated. */
  show(rows) {
    this.rows = rows.filter((row) => row.first !== null);
    const names = this.rows.map((row) => row.series).join("\n");
    if (names !== this.names) this.build();
    this.names = names;
    this.draw();
  }

  build() {
    this.observer?.disconnect();
    this.observer = new IntersectionObserver((entries) => this.arrive(entries), { rootMargin: `${NEAR}px 0px` });
    this.axis = el("canvas", { "aria-hidden": "true" });
    const bands = this.rows.map((row) => this.band(row));
    this.host.replaceChildren(el("div", { class: "axis" }, el("div", { class: "gutter" }), this.axis), ...bands);
  }

  band(row) {
    const canvas = el("canvas", { tabindex: "0", role: "application", "aria-roledescription": "calendar", "data-series": row.series });
    const gutter = el("div", { class: "gutter" });
    const band = { canvas, gutter, focus: null };
    this.bands.set(row.series, band);
    const day = (event) => {
      const found = this.grid.at(event.offsetX, event.offsetY);
      const now = this.row(row.series);
      return found >= now.first && found <= now.last ? found : null;
    };
    canvas.addEventListener("pointermove", (event) => {
      const found = day(event);
      if (found === null) this.handlers.leave();
      else this.handlers.hover(this.row(row.series), found, this.box(row.series, found));
    });
    canvas.addEventListener("pointerleave", () => this.handlers.leave());
    canvas.addEventListener("click", (event) => {
      const found = day(event);
      if (found === null) return;
      band.focus = found;
      this.pick(row.series, found, event.pointerType === "touch");
    });
    canvas.addEventListener("focus", () => {
      if (canvas.matches(":focus-visible")) this.move(row.series, band.focus ?? this.row(row.series).last);
    });
    canvas.addEventListener("blur", () => this.handlers.leave());
    canvas.addEventListener("keydown", (event) => this.key(event, row.series));
    this.observer.observe(canvas);
    return el("div", { class: "row" }, gutter, canvas);
  }

  row(name) {
    return this.rows.find((row) => row.series === name);
  }

  /** Where a day is on the screen. */
  box(name, day) {
    const outer = this.bands.get(name).canvas.getBoundingClientRect();
    const [x, y] = this.grid.place(day);
    return { left: outer.left + x, top: outer.top + y, size: this.grid.size };
  }

  zoom(factor) {
    const middle = (this.scroller.scrollLeft + this.scroller.clientWidth / 2) / this.scroller.scrollWidth;
    this.size = Math.min(LARGEST, Math.max(SMALLEST, Math.round(this.grid.size * factor)));
    this.draw();
    this.scroller.scrollLeft = middle * this.scroller.scrollWidth - this.scroller.clientWidth / 2;
  }

  draw() {
    if (!this.rows?.length) return;
    const first = Math.min(...this.rows.map((row) => row.first));
    const last = Math.max(...this.rows.map((row) => row.last));
    const isNarrow = innerWidth <= 860;
    const room = this.scroller.clientWidth - (isNarrow ? 8 : GUTTER + 14);
    const fit = Math.floor(room / new Grid(first, last, 1).weeks);
    this.grid = new Grid(first, last, this.size ?? Math.min(18, Math.max(isNarrow ? 14 : 11, fit)));
    this.colours = palette();
    paintAxis(this.axis, this.grid, this.colours);
    for (const row of this.rows) this.label(row);
    this.order();
    this.paint = null;
    if (!this.isDrawing) this.drawNext();
    if (!this.isPlaced) this.scroller.scrollLeft = this.scroller.scrollWidth;
    this.isPlaced = true;
  }

  /** Draw visible rows first, then the others; if the pictures are huge, draw a row only when it becomes visible. */
  order() {
    const near = this.rows.filter((row) => this.isNear(row));
    const far = this.rows.filter((row) => !near.includes(row));
    for (const row of far) this.bands.get(row.series).canvas.width = 1;
    const isHuge = this.grid.width * this.grid.height * this.rows.length * devicePixelRatio ** 2 > MOST_AT_ONCE;
    this.queue = isHuge ? near : [...near, ...far];
    this.waiting = new Set(isHuge ? far.map((row) => row.series) : []);
  }

  /** Draw a few days, then let the browser do other work. */
  drawNext() {
    const until = performance.now() + CHUNK_MS;
    // One band per frame: the browser needs time for a canvas after it is drawn.
    if (!this.paint && this.queue.length) this.paint = this.begin(this.queue.shift());
    let isLeft = Boolean(this.paint);
    while (isLeft && performance.now() < until) isLeft = this.paint(CHUNK_DAYS);
    if (!isLeft) this.paint = null;
    this.isDrawing = Boolean(this.paint) || this.queue.length > 0;
    if (this.isDrawing) requestAnimationFrame(() => this.drawNext());
    else this.host.dataset.drawn = String(Number(this.host.dataset.drawn ?? 0) + 1);
  }

  rangeOf(row) {
    return this.range?.series === row.series ? this.range.days : null;
  }

  /** Draw one row at once, unless it is in the queue or hidden. */
  drawRow(row) {
    if (this.queue.includes(row) || this.waiting.has(row.series)) return;
    if (this.paint && this.painted === row) {
      this.paint = null;
      this.queue.unshift(row);
      return;
    }
    paintRow(this.bands.get(row.series).canvas, row, this.grid, this.colours, this.rangeOf(row));
  }

  /** Set the size and the text of a row. */
  label(row) {
    const { canvas, gutter } = this.bands.get(row.series);
    canvas.style.width = `${this.grid.width}px`;
    canvas.style.height = `${this.grid.height}px`;
    const isUnknown = Boolean(row.error || row.slots.unknown);
    const lines = isUnknown ? [{ text: "unknown", isBad: true }] : shortfall(row);
    if (!lines.length) lines.push({ text: "nothing missing", isBad: false });
    const state = lines.map(({ text }) => text).join(", ");
    gutter.replaceChildren(
      el("b", {}, row.series),
      el("span", { class: "num" }, isUnknown ? "" : `${percent(row.coverage)} complete`),
      ...lines.map(({ text, isBad }) => el("span", { class: isBad ? "num bad" : "num" }, text)),
      el("span", { class: "num" }, isUnknown ? "" : row.newest ? `up to ${row.newest.slice(0, 16).replace("T", " ")}Z` : "no reading yet"),
    );
    canvas.dataset.state = state;
    canvas.setAttribute("aria-label", `${row.series}, ${state}, ${count(row.cells.length, "day")} from ${dayName(row.first)}. Arrows move, Enter picks, G goes to the next gap.`);
  }

  /** Whether a row is visible or near the visible area. */
  isNear(row) {
    const { top, bottom } = this.bands.get(row.series).canvas.getBoundingClientRect();
    return bottom > -NEAR && top < innerHeight + NEAR;
  }

  /** Draw rows that have become visible. */
  arrive(entries) {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting && this.waiting?.delete(target.dataset.series)) this.queue.push(this.row(target.dataset.series));
    }
    if (!this.isDrawing && this.queue?.length) this.drawNext();
  }

  begin(row) {
    this.painted = row;
    return painter(this.bands.get(row.series).canvas, row, this.grid, this.colours, this.rangeOf(row));
  }

  pick(name, day, isTouched = false) {
    if (this.anchor?.series === name) {
      const days = [this.anchor.day, day].sort((a, b) => a - b);
      this.select(name, days);
      this.anchor = null;
      this.handlers.pick(this.row(name), ...days);
      return;
    }
    this.anchor = { series: name, day };
    this.select(name, [day, day]);
    this.handlers.look(this.row(name), day, isTouched);
  }

  /** Outline a range of a row. */
  select(name, days) {
    const before = this.range;
    this.range = name ? { series: name, days } : null;
    for (const touched of new Set([before?.series, name])) if (touched && this.row(touched)) this.drawRow(this.row(touched));
  }

  clear() {
    this.anchor = null;
    this.select(null, null);
  }

  move(name, day) {
    const row = this.row(name);
    const band = this.bands.get(name);
    band.focus = Math.min(row.last, Math.max(row.first, day));
    const [x] = this.grid.place(band.focus);
    const gutter = innerWidth <= 860 ? 0 : GUTTER;
    const { scrollLeft, clientWidth } = this.scroller;
    if (x < scrollLeft) this.scroller.scrollLeft = x - 40;
    if (x + gutter + this.grid.size > scrollLeft + clientWidth) this.scroller.scrollLeft = x + gutter + 60 - clientWidth;
    // After scrolling, because scrolling hides the tooltip.
    requestAnimationFrame(() => requestAnimationFrame(() => document.activeElement === band.canvas && this.handlers.hover(row, band.focus, this.box(name, band.focus))));
    byId("spoken").textContent = `${dayName(band.focus)}: ${sentence(row.cells[band.focus - row.first])}`;
  }

  /** The next first day of a run of bad days; after the end, the search continues at the start. */
  nextGap(name, from) {
    const row = this.row(name);
    const isBad = (i) => BAD.has(worst(row.cells[i]).letter);
    const length = row.cells.length;
    for (let step = 1; step <= length; step += 1) {
      const i = (from - row.first + step) % length;
      if (isBad(i) && (i === 0 || !isBad(i - 1))) return row.first + i;
    }
    return from;
  }

  key(event, name) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = this.row(name);
    const focus = this.bands.get(name).focus ?? row.last;
    const steps = { ArrowLeft: -7, ArrowRight: 7, ArrowUp: -1, ArrowDown: 1, PageUp: -28, PageDown: 28 };
    if (event.key in steps) this.move(name, focus + steps[event.key]);
    else if (event.key === "Home") this.move(name, row.first);
    else if (event.key === "End") this.move(name, row.last);
    else if (event.key === "g" || event.key === "G") this.move(name, this.nextGap(name, focus));
    else if (event.key === "Enter" || event.key === " ") this.pick(name, focus);
    else if (event.key === "Escape") this.clear();
    else return;
    event.preventDefault();
  }
}
