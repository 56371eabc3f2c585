// The last runs of gap_detection, and the progress of one run.

import * as api from "./api.js";
import { byId, count, duration, el, number, outward, total } from "./words.js";

const SHOWN = 6;
const ENDED = new Set(["success", "failed"]);
const DONE = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);

/** Results of ended runs, which do not change. */
const results = new Map();

export const hasEnded = (run) => ENDED.has(run.state);

/** Show the last runs, and return whether one is in progress. */
export async function refresh() {
  try {
    const { dag_runs: found } = await api.runs(SHOWN);
    await Promise.all(found.filter(hasEnded).map(remember));
    byId("runs").replaceChildren(...(found.length ? [table(found)] : [el("p", { class: "quiet" }, "None yet.")]));
    const isBusy = found.some((run) => !hasEnded(run));
    const trouble = isBusy ? await stalled() : "";
    byId("scheduler").textContent = trouble;
    byId("scheduler").hidden = !trouble;
    return isBusy;
  } catch (problem) {
    byId("runs").replaceChildren(el("p", { class: "quiet" }, problem.message));
    return false;
  }
}

async function remember(run) {
  if (results.has(run.dag_run_id)) return;
  try {
    results.set(run.dag_run_id, (await api.result(run.dag_run_id)).value);
  } catch (problem) {
    if (problem.status === 404) results.set(run.dag_run_id, null);
  }
}

/** The result of a run, in a sentence. */
export function outcome(run) {
  const result = results.get(run.dag_run_id);
  if (!hasEnded(run)) return run.state === "queued" ? "waits in the queue" : "in progress";
  if (!result || typeof result !== "object") return "ended before it could report a result";
  if (result.dry_run) return "dry run: nothing asked";
  const healed = (result.ree_records_recovered ?? 0) + (result.weather_records_recovered ?? 0);
  const parts = [total(healed, result.slots_enriched ?? 0), count(result.calls ?? 0, "call")];
  if (result.units_failed) parts.push(`${count(result.units_failed, "unit")} failed`);
  if (result.units_deferred) parts.push(`${number(result.units_deferred)} deferred`);
  return parts.join(", ");
}

/** Why a run failed, in the first of its sentences; empty if it did not. */
export function reason(run) {
  const failures = results.get(run.dag_run_id)?.failures ?? [];
  const more = failures.length > 1 ? ` (and ${count(failures.length - 1, "more failure")})` : "";
  return failures.length ? `${failures[0]}${more}` : "";
}

function table(found) {
  const rows = found.map((run) => {
    const began = run.start_date ?? run.queued_at;
    const took = run.start_date && run.end_date ? duration((Date.parse(run.end_date) - Date.parse(run.start_date)) / 1000) : "";
    return el(
      "tr",
      {},
      el("td", {}, badge(run.state)),
      el("td", { class: "num" }, link(run.dag_run_id, began ? began.slice(0, 19).replace("T", " ") : "queued"), el("br"), el("span", { class: "quiet" }, [run.run_type, took].filter(Boolean).join(", "))),
      el("td", {}, outcome(run), el("p", { class: "small" }, reason(run))),
    );
  });
  const head = el("tr", {}, ...["state", "began (UTC)", "result"].map((text) => el("th", { scope: "col" }, text)));
  return el("table", { class: "list" }, el("thead", {}, head), el("tbody", {}, ...rows));
}

const KNOWN = new Set(["success", "failed", "running", "queued"]);
const badge = (state) => el("span", { class: `badge ${KNOWN.has(state) ? state : "other"}` }, state);

/** A link to the run in Airflow. */
export const link = (id, text) => outward(api.runLink(id), text);

/** Why a run does not continue, if Airflow says that its scheduler is gone; else nothing. */
async function stalled() {
  try {
    const { scheduler } = await api.health();
    if (scheduler.status === "healthy") return "";
    const beat = scheduler.latest_scheduler_heartbeat;
    return `The scheduler is not running (${beat ? `last heartbeat ${beat.slice(0, 19).replace("T", " ")}Z` : "no heartbeat yet"}): the run waits until it is started.`;
  } catch {
    return "";
  }
}

/** Read a run: its state, and the numbers of its tasks. */
export async function look(id) {
  const [run, { task_instances: tasks }] = await Promise.all([api.run(id), api.tasks(id)]);
  const trouble = hasEnded(run) ? "" : await stalled();
  if (hasEnded(run)) await remember(run);
  const live = tasks.filter((task) => task.state !== "skipped");
  return {
    run,
    trouble,
    done: live.filter((task) => DONE.has(task.state)).length,
    all: live.length,
    now: live.filter((task) => task.state === "running").map((task) => task.rendered_map_index ?? task.task_id),
  };
}
