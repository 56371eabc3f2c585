// The position of days: a column is a week, a row is a weekday, and all series share the columns.

const MONDAY = 3; // 1970-01-01, day 0, was a Thursday.
export const weekday = (day) => (((day + MONDAY) % 7) + 7) % 7;

export class Grid {
  /** @param first first day of all series @param last last one @param size of a cell with its margin, in pixels */
  constructor(first, last, size) {
    this.origin = first - weekday(first);
    this.weeks = Math.floor((last - this.origin) / 7) + 1;
    this.size = size;
  }

  get width() {
    return this.weeks * this.size;
  }

  get height() {
    return 7 * this.size;
  }

  /** Upper left corner of a day. */
  place(day) {
    return [Math.floor((day - this.origin) / 7) * this.size, weekday(day) * this.size];
  }

  /** The day at a point. */
  at(x, y) {
    const row = Math.min(6, Math.max(0, Math.floor(y / this.size)));
    return this.origin + Math.floor(x / this.size) * 7 + row;
  }
}

const MOST_PIXELS = 16000; // The widest canvas that every browser draws.

/** Set the size of a canvas for sharp drawing, and return its context in CSS pixels. */
export function prepare(canvas, width, height) {
  const scale = Math.min(devicePixelRatio || 1, MOST_PIXELS / Math.max(width, 1));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

/** The colours of the stylesheet, as they are now. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  const found = { text: read("--text"), quiet: read("--quiet"), line: read("--line"), focus: read("--focus") };
  for (const letter of "copdnwmux") found[letter] = { fill: read(`--${letter}`), ink: read(`--${letter}-ink`) };
  return found;
}
