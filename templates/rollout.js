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

  function follow() {
    const wanted = location.hash.startsWith("#r") && document.getElementById(location.hash.slice(1));
    if (wanted) wanted.open = true;
  }

  one("#filter").hidden = false;
  one("#filter").addEventListener("input", filter);
  one("#filter").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", follow);
  filter();
  follow();
})();
