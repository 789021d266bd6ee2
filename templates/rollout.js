(() => {
  "use strict";
  const one = (what) => document.querySelector(what);
  const items = [...document.querySelectorAll("[data-outcome]")];
  const rows = items.filter((item) => item.tagName === "TR");
  const name = one("#q"), outcome = one("#outcome");

  function filter() {
    const wanted = name.value.trim().toLowerCase();
    for (const item of items) {
      item.hidden = !item.dataset.name.toLowerCase().includes(wanted)
        || (outcome.value !== "" && item.dataset.outcome !== outcome.value);
    }
    one("#found").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  }

  // A diff is coloured when it is first opened: a thousand of them have a million lines.
  const kinds = { "+": "add", "-": "del", "@": "hunk", " ": "same" };
  function colour(diff) {
    const lines = diff.textContent.split("\n");
    const last = lines.pop();
    diff.replaceChildren(...lines.map((line) => {
      const span = document.createElement("span");
      const isName = line.startsWith("+++ ") || line.startsWith("--- ");
      span.className = isName ? "file" : kinds[line[0]] || "file";
      span.textContent = `${line}\n`;
      return span;
    }), last);
  }

  function opened(event) {
    const diff = event.target.open && event.target.querySelector(".diff:not(.coloured)");
    if (!diff) return;
    diff.classList.add("coloured");
    colour(diff);
  }

  function follow() {
    const wanted = location.hash.startsWith("#r") && document.getElementById(location.hash.slice(1));
    if (wanted) wanted.open = true;
  }

  document.documentElement.classList.remove("loading");
  one("#filter").hidden = false;
  one("#filter").addEventListener("input", filter);
  one("#filter").addEventListener("submit", (event) => event.preventDefault());
  for (const details of document.querySelectorAll("details")) details.addEventListener("toggle", opened);
  addEventListener("hashchange", follow);
  filter();
  follow();
})();
