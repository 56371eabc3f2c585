// The form that heals a range: the bill first, then the run, then its progress.

import * as api from "./api.js";
import * as runs from "./runs.js";
import { byId, count, duration, el, needed, number, span, unambiguous } from "./words.js";

const LISTED = 12;
const LOOK_MS = 1500;

/** Whether this user may start runs; the server writes it into the page. */
export const mayStart = () => document.body.dataset.mayStart === "yes";
export const NEEDS = "This needs the permission to trigger gap_detection: ask an administrator for the role Op, or for that permission on the DAG.";

export class Form {
  /** @param onRun called when a run has started, and after each look at it */
  constructor(onRun) {
    this.onRun = onRun;
    this.dialog = byId("dialog");
    this.form = byId("form");
    this.billed = null;
    this.opener = null;
    byId("dialog-close").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.restoreFocus());
    byId("start").addEventListener("click", () => this.start());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.bill();
    });
    this.form.addEventListener("input", () => this.reset());
  }

  /** Offer all groups and series. */
  offer(rows, gaps, groups) {
    const choices = [["all", "everything"], ...groups.map((group) => [group, `group ${group}`]), ...[...new Set([...rows, ...gaps].map((one) => one.series))].map((name) => [`series:${name}`, name])];
    this.zones = Object.fromEntries([...gaps, ...rows].map((one) => [one.series, one.zone]));
    const select = this.form.elements.data_source;
    const kept = select.value;
    select.replaceChildren(...choices.map(([value, text]) => el("option", { value }, text)));
    if (choices.some(([value]) => value === kept)) select.value = kept;
  }

  /** Open with the dates filled in. */
  open(source, first, last) {
    const { elements } = this.form;
    elements.start_date.value = first;
    elements.end_date.value = last;
    elements.data_source.value = source;
    elements.force.checked = false;
    elements.refresh.checked = false;
    this.reset();
    if (!this.dialog.open) {
      const { activeElement } = document;
      this.opener = { element: activeElement, label: activeElement?.getAttribute("aria-label"), source };
      this.dialog.showModal();
    }
    byId("dry").focus();
  }

  /** Return the focus to the element that opened the form, or to its replacement. */
  restoreFocus() {
    const { element, label, source } = this.opener ?? {};
    const isThere = (found) => found && found !== document.body && found.isConnected && !found.disabled && found.offsetParent !== null;
    const again = [...document.querySelectorAll("#gaps button")].find((button) => button.getAttribute("aria-label") === label);
    const band = [...document.querySelectorAll("canvas[data-series]")].find((canvas) => source === `series:${canvas.dataset.series}`);
    [element, again, band, byId("heal-all"), byId("scroller")].find(isThere)?.focus({ preventScroll: true });
  }

  reset() {
    this.billed = null;
    this.following = null;
    byId("bill").replaceChildren();
    byId("start").hidden = true;
    byId("dry").hidden = false;
    byId("dry").disabled = false;
    byId("may-not").hidden = mayStart();
    byId("may-not").textContent = mayStart() ? "" : `You may see the bill, but not start the run. ${NEEDS}`;
  }

  order() {
    const { elements } = this.form;
    return {
      start_date: elements.start_date.value,
      end_date: elements.end_date.value,
      data_source: elements.data_source.value,
      force: elements.force.checked,
      refresh: elements.refresh.checked,
    };
  }

  say(...children) {
    byId("bill").replaceChildren(...children);
  }

  fail(problem) {
    this.say(el("p", { class: "wrong" }, problem.message));
  }

  async bill() {
    const order = this.order();
    byId("dry").disabled = true;
    this.say(el("p", { class: "quiet" }, "Planning the requests …"));
    try {
      const plan = await api.plan(order);
      if (JSON.stringify(order) !== JSON.stringify(this.order())) return;
      this.billed = order;
      this.say(...billOf(plan, this.zones));
      byId("dry").hidden = true;
      byId("start").hidden = false;
      byId("start").disabled = !mayStart();
      byId("start").textContent = plan.units.length ? "Start the run" : "Start a run anyway";
      byId(mayStart() ? "start" : "dialog-close").focus();
    } catch (problem) {
      this.fail(problem);
    }
    byId("dry").disabled = false;
  }

  async start() {
    byId("start").disabled = true;
    try {
      const started = await api.start(this.billed);
      byId("start").hidden = true;
      byId("dialog-close").focus();
      this.follow(started.run_id, started.paused ? started.message : "");
    } catch (problem) {
      const rest = problem.body.run_id ? [runs.link(problem.body.run_id, "Look at that run")] : [];
      // Airflow itself only says "Forbidden".
      const message = problem.status === 403 && problem.message === "Forbidden" ? NEEDS : problem.message;
      this.say(el("p", { class: "wrong" }, message), ...rest);
      byId("start").disabled = problem.status === 403;
    }
  }

  /** Show a run until it ends or the form changes. */
  async follow(id, note) {
    this.following = id;
    this.onRun(false);
    while (this.following === id) {
      try {
        const seen = await runs.look(id);
        const ended = runs.hasEnded(seen.run);
        if (this.following === id) this.say(...progress(id, seen, ended, note));
        await this.onRun(ended);
        if (ended) return;
      } catch (problem) {
        if (this.following === id) this.fail(problem);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

function progress(id, seen, ended, note) {
  const { run } = seen;
  const bar = el("progress", { max: String(Math.max(seen.all, 1)), value: String(ended ? Math.max(seen.all, 1) : seen.done), "aria-label": "tasks done" });
  const state = ended ? (run.state === "success" ? "Done: " : "The run failed: ") : run.state === "queued" ? "Queued: " : "Running: ";
  return [
    el("p", { class: "big", "data-run": run.state }, `${state}${runs.outcome(run)}`),
    bar,
    el("p", { class: "quiet" }, ended ? "" : seen.now.slice(0, 4).join(", ")),
    seen.trouble ? el("p", { class: "wrong" }, seen.trouble) : "",
    ended && runs.reason(run) ? el("p", { class: "wrong" }, runs.reason(run)) : "",
    note && !ended ? el("p", { class: "wrong" }, note) : "",
    el("p", {}, runs.link(id, "The run in Airflow")),
  ];
}

/** What a unit requests, in local time, like the dates of the form. */
function asked({ series, requests, label }, zones) {
  if (!requests.length) return label;
  const fields = label.split(" ").slice(2);
  return [series, span({ start: requests[0].start, end: requests.at(-1).end }, zones[series] ?? "UTC"), ...fields].join(" ");
}

/** The bill: the requests to each source, and what is not requested. */
function billOf(plan, zones) {
  const { bill, units, waiting, unhealable } = plan;
  if (!units.length) return [el("p", { class: "big" }, "Nothing to ask for in this range."), ...rest(waiting, unhealable, zones)];
  const costs = Object.entries(bill.by_source).map(([name, cost]) =>
    el("tr", {}, el("td", {}, name), el("td", { class: "num" }, number(cost.calls)), el("td", { class: "num" }, duration(cost.seconds)), el("td", { class: "num" }, cost.quota_left === null ? "no quota" : number(cost.quota_left))),
  );
  const head = el("tr", {}, ...["source", "calls", "time at its rate", "left today"].map((text) => el("th", { scope: "col" }, text)));
  const listed = units.slice(0, LISTED).map((unit) => el("li", {}, `${asked(unit, zones)}: ${count(unit.slots, "slot")} from ${unit.source}`));
  if (units.length > LISTED) listed.push(el("li", {}, `and ${number(units.length - LISTED)} more`));
  return [
    el("p", { class: "big" }, `${count(bill.slots, "slot")} with ${count(bill.calls, "call")}, about ${duration(bill.seconds)}`),
    el("table", { class: "list" }, el("thead", {}, head), el("tbody", {}, ...costs)),
    el("ul", {}, ...listed),
    plan.deferred ? el("p", {}, `${count(plan.deferred, "unit")} more would be left for the next run.`) : "",
    ...rest(waiting, unhealable, zones),
  ];
}

function rest(waiting, unhealable, zones) {
  const what = (gap) => `${gap.series} ${span(gap, zones[gap.series] ?? "UTC")}`;
  const lines = [
    ...waiting.map((w) => `${what(w)} waits until ${unambiguous(new Date(w.until), zones[w.series] ?? "UTC")} for ${w.source}: ${w.reason}`),
    ...unhealable.map((u) => `${what(u)} ${u.needs.length ? needed(u.needs) : "cannot be asked for"}: ${u.reason}`),
  ];
  if (!lines.length) return [];
  const shown = lines.slice(0, LISTED).map((line) => el("li", {}, line));
  if (lines.length > LISTED) shown.push(el("li", {}, `and ${number(lines.length - LISTED)} more`));
  return [el("p", { class: "quiet" }, "Not asked for:"), el("ul", { class: "small" }, ...shown)];
}
