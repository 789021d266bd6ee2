(() => {
  "use strict";
  const one = (what) => document.querySelector(what);
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const jobs = all("#jobs details.job");
  const nodes = new Map(all(".node").map((node) => [`job-${node.dataset.job}`, node]));
  const text = one("#q"), changed = one("#changed"), words = all('#filter input[name="word"]');

  function filter() {
    const wanted = text.value.trim().toLowerCase();
    const hidden = words.filter((word) => !word.checked).map((word) => word.value);
    let found = 0;
    for (const job of jobs) {
      const fits = job.dataset.name.toLowerCase().includes(wanted)
        && !hidden.some((word) => job.classList.contains(word))
        && (!changed.checked || "changed" in job.dataset);
      job.hidden = !fits;
      nodes.get(job.id)?.classList.toggle("dim", !fits);
      found += fits ? 1 : 0;
    }
    one("#found").textContent = `${found} of ${jobs.length} jobs`;
    one("#none").hidden = found > 0;
  }

  // `#job-3` opens a job; `#job=part of a name` filters, and opens the one that has just this name.
  function follow() {
    const hash = location.hash;
    if (hash.startsWith("#job=")) {
      let name = hash.slice(5);
      try { name = decodeURIComponent(name); } catch { /* it stays as it is written */ }
      text.value = name;
      filter();
      const job = jobs.find((job) => job.dataset.name === name);
      if (job) reveal(job);
    } else if (hash.startsWith("#job-")) {
      const job = document.getElementById(hash.slice(1));
      if (!job) return;
      if (job.hidden) {
        text.value = "";
        changed.checked = false;
        words.forEach((word) => { word.checked = true; });
        filter();
      }
      reveal(job);
    }
  }

  function reveal(job) {
    job.open = true;
    complete(job);
    job.querySelector("summary").focus({ preventScroll: true });
    // What is skipped while it is out of sight gets its true height only when it comes near.
    const show = () => job.scrollIntoView();
    show();
    requestAnimationFrame(() => requestAnimationFrame(show));
  }

  // What a job holds waits as text until it is looked at, or a page of a thousand jobs would be slow to open. Without scripts
  // the browser itself takes it for what it is.
  function unpack(item) {
    const packed = item.querySelector(":scope > noscript");
    if (!packed) return;
    const content = document.createElement("template");
    content.innerHTML = packed.textContent;
    packed.replaceWith(content.content);
  }

  // What many jobs have in common is on the page once; it is copied to where it is looked at.
  function complete(item) {
    unpack(item);
    for (const same of all("[data-same]", item)) {
      unpack(one(same.querySelector("a").hash));
      const table = document.getElementById(same.dataset.same).cloneNode(true);
      table.removeAttribute("id");
      same.replaceWith(table);
    }
  }

  function entitle(node) {
    if (!node || node.querySelector("title")) return;
    const title = document.createElementNS(node.namespaceURI, "title");
    title.textContent = node.getAttribute("aria-label");
    node.prepend(title);
  }

  const lines = new Map();
  for (const line of all(".lines path")) {
    for (const end of [line.dataset.a, line.dataset.b]) {
      if (!lines.has(end)) lines.set(end, []);
      lines.get(end).push(line);
    }
  }
  for (const [how, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
    one(".graph").addEventListener(how, (event) => {
      const node = event.target.closest(".node");
      entitle(node);
      for (const line of lines.get(node?.dataset.job) ?? []) line.classList.toggle("on", on);
    });
  }

  for (const item of all("details.job")) item.addEventListener("toggle", () => { if (item.open) complete(item); });
  one("#filter").hidden = false;
  one("#filter").addEventListener("input", filter);
  one("#filter").addEventListener("submit", (event) => event.preventDefault());
  one("#open").addEventListener("click", () => { for (const job of jobs) if (!job.hidden) job.open = true; });
  one("#close").addEventListener("click", () => { for (const job of jobs) job.open = false; });
  addEventListener("hashchange", follow);
  follow();
})();
