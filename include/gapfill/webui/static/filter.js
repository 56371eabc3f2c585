// Which series the calendar shows if they need more than one page: search, group, pages.

import { byId, el, number } from "./words.js";

const LIMIT = 50;
const TYPING_MS = 300;

export class Filter {
  /** @param changed called when the user selects other series */
  constructor(changed) {
    this.changed = changed;
    this.offset = 0;
    this.timer = 0;
    byId("search").addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.go(0), TYPING_MS);
    });
    byId("group").addEventListener("change", () => this.go(0));
    byId("previous").addEventListener("click", () => this.go(Math.max(0, this.offset - LIMIT)));
    byId("next").addEventListener("click", () => this.go(this.offset + LIMIT));
  }

  go(offset) {
    this.offset = offset;
    this.changed();
  }

  /** The parameters of the request. */
  query() {
    return { search: byId("search").value.trim() || null, group: byId("group").value || null, offset: this.offset || null, limit: LIMIT };
  }

  /** Show the number of series; hide the filter if all series fit on one page. */
  show(found) {
    const all = found.groups.reduce((sum, group) => sum + group.series, 0);
    byId("filter").hidden = all <= LIMIT;
    const chosen = byId("group").value;
    const options = found.groups.map(({ name, series, incomplete }) => [name, `${name}: ${number(series)} series${incomplete ? `, ${number(incomplete)} incomplete` : ""}`]);
    byId("group").replaceChildren(...[["", `all: ${number(all)} series`], ...options].map(([value, text]) => el("option", { value }, text)));
    byId("group").value = chosen;
    const last = this.offset + found.series.length;
    byId("shown").textContent = found.series_total ? `${number(this.offset + 1)} to ${number(last)} of ${number(found.series_total)}` : "No series matches.";
    byId("previous").disabled = this.offset === 0;
    byId("next").disabled = last >= found.series_total;
  }
}
