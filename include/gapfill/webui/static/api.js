// Requests to this server. An error has the sentence of the server's answer.

export class Refusal extends Error {
  constructor(message, status, body) {
    super(message);
    this.status = status;
    this.body = body ?? {};
  }
}

/** Longer than the server waits for the store, so that its sentence arrives. */
const TIMEOUT_MS = 45000;

async function send(url, options = {}) {
  let reply;
  try {
    reply = await fetch(url, { credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
  } catch {
    throw new Refusal("Airflow's API server does not answer.", 0);
  }
  const text = await reply.text();
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Not JSON: perhaps a proxy's page.
  }
  if (reply.ok && body !== null) return body;
  if (reply.status === 401) throw new Refusal("Your login has ended: log in to Airflow again.", 401, body);
  const detail = typeof body?.detail === "string" ? body.detail : `The server answers with ${reply.status}.`;
  throw new Refusal(detail, reply.status, body);
}

const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value !== undefined && value !== null)).toString();
const DAG = "../api/v2/dags/gap_detection";

export const coverage = (which) => send(`coverage?${query(which)}`);
export const sources = () => send("sources");
export const summary = () => send("summary");
export const slots = (series, start_date, end_date) => send(`coverage/slots?${query({ series, start_date, end_date })}`);
export const explain = (series, slot) => send(`explain?${query({ series, slot })}`);
export const plan = (order) => send(`plan?${query(order)}`);
export const start = (order) =>
  send("backfill/range", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order) });
export const runs = (limit) => send(`${DAG}/dagRuns?${query({ limit, order_by: "-run_after" })}`);
export const run = (id) => send(`${DAG}/dagRuns/${encodeURIComponent(id)}`);
export const tasks = (id) => send(`${DAG}/dagRuns/${encodeURIComponent(id)}/taskInstances?limit=100`);
export const result = (id) =>
  send(`${DAG}/dagRuns/${encodeURIComponent(id)}/taskInstances/summarize/xcomEntries/return_value?map_index=-1&deserialize=false`);

export const health = () => send("../api/v2/monitor/health");

/** Airflow's login; it returns to the address that shows this page. */
export function loginLink() {
  let here = location.pathname;
  try {
    here = window.parent.location.pathname;
  } catch {
    // The page is in a frame of another site.
  }
  return `../api/v2/auth/login?${query({ next: here })}`;
}

/** The page of the run in Airflow's UI. */
export const runLink = (id) => `../dags/gap_detection/runs/${encodeURIComponent(id)}`;
