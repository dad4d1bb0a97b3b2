"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const number = (n) => n.toLocaleString("en-US");
  const ADDRESS = "#findings?";
  const plural = (n, noun) => `${number(n)} ${noun}${n === 1 ? "" : "s"}`;

  function themes() {
    const root = document.documentElement;
    for (const input of all("input[name=theme]")) {
      input.checked = input.value === (root.dataset.theme || "");
      input.addEventListener("change", () => {
        if (input.value) root.dataset.theme = input.value;
        else delete root.dataset.theme;
        try {
          if (input.value) localStorage.setItem("evalpolicy-theme", input.value);
          else localStorage.removeItem("evalpolicy-theme");
        } catch {
          /* it lasts as long as the page, then */
        }
      });
    }
  }

  function copying() {
    document.addEventListener("click", async (event) => {
      const button = event.target.closest("[data-copy]");
      if (!button) return;
      const said = button.querySelector(".said");
      let done = true;
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
      } catch {
        done = copiedTheOldWay(button.previousElementSibling);
      }
      said.textContent = done ? "Copied" : "Press Ctrl+C";
      setTimeout(() => { said.textContent = "Copy"; }, 1600);
    });
  }

  function copiedTheOldWay(shown) {
    getSelection().selectAllChildren(shown);
    return document.execCommand("copy");
  }

  // Findings: what the controls leave. `show(rule)` leaves one rule, opened.
  function findings() {
    const form = $("filters");
    if (!form) return () => {};
    const groups = all(".group").map((element) => ({
      element,
      rule: element.dataset.rule,
      family: element.dataset.family,
      n: element.querySelector("summary .n"),
      total: element.querySelectorAll("tbody tr:not(.cause)").length,
      rows: all("tbody tr:not(.cause)", element).map((row) => ({
        row,
        severity: row.dataset.s,
        benchmark: row.dataset.b,
        fresh: "n" in row.dataset,
        words: null,
      })),
    }));
    const total = groups.reduce((sum, group) => sum + group.total, 0);
    const severities = all("input[name=severity]", form);
    let opened = [];
    form.reset(); // a browser that goes back fills in what was there

    function wordsOf(group, item) {
      item.words ??= `${group.element.dataset.words} ${item.row.textContent}`.toLowerCase();
      return item.words;
    }

    function apply() {
      const wanted = $("q").value.toLowerCase().split(/\s+/).filter(Boolean);
      const family = $("family").value;
      const benchmark = $("benchmark").value;
      const fresh = $("only-new")?.checked;
      const severe = new Set(severities.filter((one) => one.checked).map((one) => one.value));
      const narrowed = Boolean(
        wanted.length || family || benchmark || fresh || severe.size < severities.length,
      );
      let left = 0;
      const found = [];
      for (const group of groups) {
        let here = 0;
        for (const item of group.rows) {
          const fits =
            severe.has(item.severity) &&
            (!family || group.family === family) &&
            (!benchmark || item.benchmark === benchmark) &&
            (!fresh || item.fresh) &&
            wanted.every((word) => wordsOf(group, item).includes(word));
          item.row.hidden = !fits;
          if (fits) here += 1;
        }
        group.element.hidden = !here;
        group.n.textContent =
          here === group.total ? number(here) : `${number(here)} of ${number(group.total)}`;
        left += here;
        if (here) found.push(group);
      }
      for (const group of opened) group.element.open = false;
      opened = [];
      if (narrowed && left <= 200) {
        opened = found.filter((group) => !group.element.open);
        for (const group of opened) group.element.open = true;
      }
      $("none").hidden = left > 0;
      $("count").textContent =
        left === total ? plural(total, "finding") : `${number(left)} of ${plural(total, "finding")}`;
    }

    // What the controls say stands in the address as well, to be sent to somebody.
    function remember() {
      const said = new URLSearchParams();
      for (const id of ["q", "family", "benchmark"]) if ($(id).value) said.set(id, $(id).value);
      const off = severities.filter((one) => !one.checked).map((one) => one.value);
      if (off.length) said.set("without", off.join(" "));
      if ($("only-new")?.checked) said.set("new", "1");
      const hash = String(said) ? `${ADDRESS}${said}` : "#findings";
      if (hash === location.hash || (!String(said) && !location.hash.startsWith(ADDRESS))) return;
      try {
        history.replaceState(null, "", hash);
      } catch {
        /* a page in a frame may not */
      }
    }

    function recall() {
      if (!location.hash.startsWith(ADDRESS)) return;
      const said = new URLSearchParams(location.hash.slice(ADDRESS.length));
      for (const id of ["q", "family", "benchmark"]) $(id).value = said.get(id) ?? "";
      for (const id of ["family", "benchmark"]) if (!$(id).value) $(id).value = "";
      const off = (said.get("without") ?? "").split(" ");
      for (const one of severities) one.checked = !off.includes(one.value);
      if ($("only-new")) $("only-new").checked = said.has("new");
      apply();
      $("findings").scrollIntoView();
    }

    let waiting = 0;
    function changed() {
      apply();
      remember();
    }
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(changed, 120);
    });
    form.addEventListener("reset", () => setTimeout(changed));
    addEventListener("hashchange", recall);
    form.addEventListener("submit", (event) => event.preventDefault());
    $("open-all").addEventListener("click", (event) => {
      const open = event.target.textContent === "Open all";
      for (const group of groups) group.element.open = open;
      opened = [];
      event.target.textContent = open ? "Close all" : "Open all";
    });
    recall();

    return (rule, cause) => {
      form.reset();
      clearTimeout(waiting);
      apply();
      const group = groups.find((one) => one.rule === rule);
      if (!group) return;
      group.element.open = true;
      ($(`c-${cause}`) ?? group.element).scrollIntoView();
      group.element.querySelector("summary").focus({ preventScroll: true });
    };
  }

  // Stories open beside what was clicked; without a script their links lead down the page.
  function stories(show) {
    const dialog = $("story");
    document.addEventListener("click", (event) => {
      const rule = event.target.closest("[data-show]");
      if (rule) {
        event.preventDefault();
        if (dialog.open) dialog.close();
        show(rule.dataset.show, rule.dataset.cause);
        return;
      }
      const cell = event.target.closest("[data-f]");
      if (!cell || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      open(cell);
    });
    $("story-close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });

    function open(cell) {
      const told = cell.dataset.f.split(" ").map((n) => $(`f${n}`));
      const body = $("story-body");
      const copies = told.map((article) => {
        const copy = article.cloneNode(true);
        copy.removeAttribute("id");
        if (told.length > 1) {
          const heading = document.createElement("h3");
          heading.className = "which";
          heading.textContent = article.dataset.name;
          copy.prepend(heading);
        }
        return copy;
      });
      body.replaceChildren(...copies);
      $("story-title").textContent =
        told.length > 1 ? plural(told.length, "fixture") : told[0].dataset.name;
      dialog.showModal();
      dialog.scrollTop = 0;
      $("story-title").focus();
    }
  }

  function matrix() {
    const table = $("matrix");
    if (!table) return;
    const rows = all("tbody tr", table);
    const cells = rows.map((row) => all("td:not(.sum)", row));
    const target = (cell) => cell.querySelector("a") ?? cell;
    let current = null;

    table.setAttribute("role", "grid");
    table.closest(".scroll").removeAttribute("tabindex");
    for (const line of cells) {
      for (const cell of line) {
        cell.setAttribute("role", "gridcell");
        target(cell).tabIndex = -1;
      }
    }
    function rove(cell) {
      if (current) target(current).tabIndex = -1;
      current = cell;
      if (current) target(current).tabIndex = 0;
    }
    const shown = () => cells.filter((line, n) => !rows[n].hidden && line.length);
    function start() {
      const lines = shown();
      const first = lines.flat().find((cell) => cell.querySelector("a")) ?? lines[0]?.[0];
      rove(first ?? null);
    }
    start();

    table.addEventListener("focusin", (event) => {
      const cell = event.target.closest("td");
      if (cell) rove(cell);
    });
    table.addEventListener("keydown", (event) => {
      if (!current) return;
      const lines = shown();
      const y = lines.findIndex((line) => line.includes(current));
      const x = lines[y].indexOf(current);
      const last = lines[0].length - 1;
      const to = {
        ArrowRight: [y, x + 1],
        ArrowLeft: [y, x - 1],
        ArrowDown: [y + 1, x],
        ArrowUp: [y - 1, x],
        Home: [event.ctrlKey ? 0 : y, 0],
        End: [event.ctrlKey ? lines.length - 1 : y, last],
        PageDown: [Math.min(y + 10, lines.length - 1), x],
        PageUp: [Math.max(y - 10, 0), x],
      }[event.key];
      if (!to) return;
      event.preventDefault();
      const cell = lines[to[0]]?.[to[1]];
      if (!cell) return;
      rove(cell);
      target(cell).focus({ preventScroll: true });
      cell.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    });

    let narrowed = "";
    let picked = "";
    function say() {
      $("mcount").textContent = [narrowed, picked].filter(Boolean).join("; ");
    }

    function narrow() {
      const wanted = $("mq").value.trim().toLowerCase();
      const covered = $("only-covered").checked;
      let left = 0;
      for (const row of rows) {
        const fits = row.dataset.b.toLowerCase().includes(wanted) && (!covered || "n" in row.dataset);
        row.hidden = !fits;
        if (fits) left += 1;
      }
      narrowed = left === rows.length ? "" : `${number(left)} of ${plural(rows.length, "benchmark")}`;
      say();
      if (!current || current.closest("tr").hidden) start();
    }
    $("mq").addEventListener("input", narrow);
    $("only-covered").addEventListener("change", narrow);
    if ($("mq").value || $("only-covered").checked) narrow();

    const picks = all("[data-state]");
    for (const pick of picks) {
      pick.disabled = pick.dataset.n === "0";
      pick.addEventListener("click", () => {
        const on = pick.getAttribute("aria-pressed") !== "true";
        for (const other of picks) other.setAttribute("aria-pressed", String(on && other === pick));
        table.classList.toggle("picking", on);
        let found = 0;
        for (const cell of cells.flat()) {
          const states = (cell.dataset.k ?? "").split(" ");
          const fits = on && states.includes(pick.dataset.state);
          cell.classList.toggle("picked", fits);
          if (fits) found += 1;
        }
        picked = on ? `${plural(found, "cell")} with ${pick.dataset.word}` : "";
        say();
      });
    }
  }

  themes();
  copying();
  stories(findings());
  matrix();
})();
