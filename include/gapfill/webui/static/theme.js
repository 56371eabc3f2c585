// Light or dark: the theme of Airflow's UI around this page; outside of it, the last setting or the system's.

const system = matchMedia("(prefers-color-scheme: dark)");

/** The document of Airflow's UI if this page is in its frame, else null. */
function airflow() {
  try {
    return window.parent === window ? null : window.parent.document.documentElement;
  } catch {
    return null;
  }
}

function wanted() {
  const outer = airflow();
  if (outer?.classList.contains("dark") || outer?.dataset.theme === "dark") return "dark";
  if (outer?.classList.contains("light") || outer?.dataset.theme === "light") return "light";
  let kept = null;
  try {
    kept = localStorage.getItem("theme");
  } catch {
    // A browser may deny storage to frames.
  }
  if (kept === "dark" || kept === "light") return kept;
  return system.matches ? "dark" : "light";
}

function apply() {
  const theme = wanted();
  if (document.documentElement.dataset.theme !== theme) {
    document.documentElement.dataset.theme = theme;
    document.dispatchEvent(new CustomEvent("theme"));
  }
}

apply();
system.addEventListener("change", apply);
addEventListener("storage", apply);
const outer = airflow();
if (outer) new MutationObserver(apply).observe(outer, { attributes: true, attributeFilter: ["class", "data-theme", "style"] });
