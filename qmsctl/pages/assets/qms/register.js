// Registers: sorts, filters, counts, keeps the view in the address, hands it on as a link or as CSV.
// The page carries the first rows and can be read without this; all rows come from the script beside the page.
(function () {
  "use strict";
  const STEP = 100, AT_ONCE = 300, DAY = 86400000, FEW = 4, SOON = 30;
  const SIGNS = { on: "●", watch: "▲", off: "■", none: "○" }, RANK = ["off", "watch", "none", "on", ""];
  const language = document.documentElement.lang || "en";
  const order = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  const written = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

  const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));
  const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !isNaN(Date.parse(text));

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) { made.className = className; }
    if (text !== undefined) { made.textContent = text; }
    return made;
  }

  // --- what is shown, and how the address says it ------------------------------------------------

  function emptyView() { return { find: "", sort: "", down: false, within: new Map(), is: new Map(), columns: null }; }

  function readView(text) {
    const view = emptyView();
    new URLSearchParams(text).forEach(function (value, name) {
      if (name === "q") { view.find = value; }
      else if (name === "sort") { view.down = value.startsWith("-"); view.sort = value.replace(/^-/, ""); }
      else if (name === "columns") { view.columns = value.split(","); }
      else if (name.startsWith("in.") && value) { view.within.set(name.slice(3), value); }
      else if (name.startsWith("is.")) { view.is.set(name.slice(3), (view.is.get(name.slice(3)) || new Set()).add(value)); }
    });
    return view;
  }

  function addressOf(view) {
    const said = new URLSearchParams();
    if (view.find) { said.set("q", view.find); }
    view.within.forEach(function (value, key) { said.set("in." + key, value); });
    view.is.forEach(function (values, key) { values.forEach(function (value) { said.append("is." + key, value); }); });
    if (view.sort) { said.set("sort", (view.down ? "-" : "") + view.sort); }
    if (view.columns) { said.set("columns", view.columns.join(",")); }
    return said.toString();
  }

  // A plain anchor is not a view; going to one must not throw away what was filtered.
  const isView = () => location.hash.length < 2 || location.hash.indexOf("=") > 0;

  // --- one register -----------------------------------------------------------------------------

  function register(box) {
    const table = box.querySelector("table"), body = table.tBodies[0];
    const heads = all(".qms-reg-heads th", box), filters = all("[data-in]", box);
    const columns = heads.map(function (head) { return { key: head.dataset.key, kind: head.dataset.kind, title: head.textContent.trim(), shown: !head.hidden }; });
    const at = new Map(columns.map(function (column, index) { return [column.key, index]; }));
    const usual = columns.map(function (column) { return column.shown; });
    const facets = all("[data-facet]", box).map(function (field) { return { field: field, key: field.dataset.facet }; });
    const count = Number(box.dataset.count), find = box.querySelector("[data-find]");
    const line = box.querySelector("[data-line]"), what = box.getAttribute("aria-label");
    const day = window.qmsToday(), dueAt = at.has("next_review") ? at.get("next_review") : -1;
    const source = box.dataset.qmsReg;
    let rows = null, names = [], found = [], limit = STEP, view = readView(location.hash.slice(1)), asked = false, typing = 0;

    function load() {
      if (asked) { return; }
      asked = true;
      window.qmsRows = function (data) {
        names = data.names.map(function (n) { return { key: n[0], text: n[1], href: n[2], sign: n[3] }; });
        rows = data.rows.map(function (r, index) { return { href: r[0], cells: r.slice(1), index: index, low: [], due: "" }; });
        rows.forEach(function (row) { row.due = dueAt < 0 ? "" : dueOf(row.cells[dueAt]); });
        refresh();
        box.classList.add("is-ready");
      };
      const script = element("script");
      script.src = source;
      script.onerror = function () { line.textContent = qmsText("The rows could not be loaded. Is the page still where it was built?"); };
      document.head.appendChild(script);
    }

    function dueOf(date) {
      if (!isDay(date)) { return "none"; }
      const days = (Date.parse(date) - Date.parse(day)) / DAY;
      return days < 0 ? "overdue" : days <= SOON ? "soon" : "later";
    }

    // --- reading cells ---

    function text(row, index) {
      const cell = row.cells[index], kind = columns[index].kind;
      if (kind === "names") { return Array.isArray(cell) ? cell.map(function (n) { return names[n].text; }).join("; ") : ""; }
      if (kind === "date" && isDay(cell)) { return written.format(new Date(cell)); }
      return Array.isArray(cell) ? cell[1] : String(cell);
    }

    function lower(row, index) {
      if (row.low[index] === undefined) {
        const cell = row.cells[index], more = columns[index].kind === "names" && Array.isArray(cell) ? cell.map(function (n) { return names[n].key; }).join(" ") : columns[index].kind === "date" ? cell : "";
        row.low[index] = (text(row, index) + " " + more).toLowerCase();
      }
      return row.low[index];
    }

    function whole(row) {
      if (row.whole === undefined) { row.whole = columns.map(function (_, index) { return lower(row, index); }).join(" \n "); }
      return row.whole;
    }

    // --- filtering and sorting ---

    function matcher(index, wanted) {
      const kind = columns[index].kind, asks = /^(<=|>=|<|>|=)\s*(.+)$/.exec(wanted.trim());
      if (asks && (kind === "number" || kind === "date" || kind === "revision")) {
        const than = kind === "number" ? Number(asks[2]) : asks[2];
        return function (row) {
          const cell = row.cells[index], value = Array.isArray(cell) ? cell[0] : cell;
          if (value === "" || (Array.isArray(value) && !value.length)) { return false; }
          const side = kind === "number" ? value - than : kind === "date" ? (value < than ? -1 : value > than ? 1 : 0) : order.compare(value, than);
          return asks[1] === "=" ? side === 0 : asks[1][0] === "<" ? side < 0 || (asks[1] === "<=" && side === 0) : side > 0 || (asks[1] === ">=" && side === 0);
        };
      }
      const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
      return function (row) { const said = lower(row, index); return words.every(function (word) { return said.indexOf(word) >= 0; }); };
    }

    function valuesOf(row, key) {
      if (key === "due") { return [row.due]; }
      const cell = row.cells[at.get(key)];
      return Array.isArray(cell) ? cell.map(function (n) { return names[n].key; }) : [];
    }

    function select() {
      const words = view.find.toLowerCase().split(/\s+/).filter(Boolean), tests = [];
      view.within.forEach(function (wanted, key) { if (at.has(key)) { tests.push(matcher(at.get(key), wanted)); } });
      const counts = facets.map(function () { return new Map(); });
      found = rows.filter(function (row) {
        if (words.length) { const said = whole(row); if (!words.every(function (word) { return said.indexOf(word) >= 0; })) { return false; } }
        if (!tests.every(function (test) { return test(row); })) { return false; }
        const values = facets.map(function (facet) { return valuesOf(row, facet.key); });
        const missed = facets.map(function (facet, n) { const wanted = view.is.get(facet.key); return wanted && !values[n].some(function (value) { return wanted.has(value); }); });
        const misses = missed.filter(Boolean).length;
        // A facet counts what it would add, so its own choice does not narrow its own counts.
        facets.forEach(function (_, n) { if (misses === 0 || (misses === 1 && missed[n])) { new Set(values[n]).forEach(function (value) { counts[n].set(value, (counts[n].get(value) || 0) + 1); }); } });
        return misses === 0;
      });
      if (at.has(view.sort)) { sort(at.get(view.sort)); }
      return counts;
    }

    function sort(index) {
      const kind = columns[index].kind, down = view.down ? -1 : 1;
      const keyed = found.map(function (row) {
        const cell = row.cells[index];
        if (kind === "names") { return [row, Array.isArray(cell) && cell.length ? names[cell[0]] : ""]; }
        return [row, Array.isArray(cell) ? cell[0] : cell];
      });
      keyed.sort(function (a, b) {
        const x = a[1], y = b[1];
        if (x === "" || y === "") { return x === y ? a[0].index - b[0].index : x === "" ? 1 : -1; }
        let side = 0;
        if (kind === "names") { side = RANK.indexOf(x.sign) - RANK.indexOf(y.sign) || order.compare(x.text, y.text); }
        else if (typeof x === "number" && typeof y === "number") { side = x - y; }
        else if (kind === "date") { side = x < y ? -1 : x > y ? 1 : 0; }
        else { side = order.compare(String(x), String(y)); }
        return side * down || a[0].index - b[0].index;
      });
      found = keyed.map(function (pair) { return pair[0]; });
    }

    // --- showing ---

    function nameNode(n) {
      const name = names[n];
      if (name.sign) {
        const sign = element("span", "qms-sign qms-st-" + name.sign), mark = element("span", "", SIGNS[name.sign]);
        mark.setAttribute("aria-hidden", "true");
        sign.append(mark, " " + name.text);
        return sign;
      }
      if (!name.href) { return document.createTextNode(name.text); }
      const link = element("a", "qms-ref", name.text);
      link.href = name.href;
      return link;
    }

    function dateNode(date) {
      const time = element("time", "", written.format(new Date(date)));
      time.dateTime = time.title = date;
      return time;
    }

    function dueNode(date) {
      const days = Math.round((Date.parse(date) - Date.parse(day)) / DAY), late = days < 0;
      const node = element("span", "qms-reg-due qms-st-" + (late ? "off" : "watch")), mark = element("span", "", late ? SIGNS.off : SIGNS.watch);
      mark.setAttribute("aria-hidden", "true");
      const words = late ? (days === -1 ? qmsText("overdue by 1 day") : qmsText("overdue by {n} days", { n: -days })) : days === 0 ? qmsText("due today") : days === 1 ? qmsText("due in 1 day") : qmsText("due in {n} days", { n: days });
      node.append(mark, " " + words);
      return node;
    }

    function cellNode(row, index) {
      const column = columns[index], cell = row.cells[index], title = column.kind === "title";
      const node = element(title ? "th" : "td", title || column.kind === "names" ? "" : "qms-k-" + column.kind);
      if (title) {
        node.scope = "row";
        const link = element("a", "", cell);
        link.href = row.href;
        node.append(link);
      } else if (column.kind === "names") {
        (Array.isArray(cell) ? cell : []).slice(0, FEW).forEach(function (n, place) { if (place) { node.append(", "); } node.append(nameNode(n)); });
        if (cell.length > FEW) { node.append(" ", element("span", "qms-small", qmsText("and {n} more", { n: cell.length - FEW }))); }
      } else if (column.kind === "date" && isDay(cell)) {
        node.append(dateNode(cell));
        if (index === dueAt && (row.due === "overdue" || row.due === "soon")) { node.append(" ", dueNode(cell)); }
      } else { node.textContent = Array.isArray(cell) ? cell[1] : cell; }
      node.dataset.label = column.title;
      node.hidden = !column.shown;
      return node;
    }

    function show() {
      const fresh = document.createDocumentFragment();
      found.slice(0, limit).forEach(function (row) {
        const made = element("tr");
        columns.forEach(function (_, index) { made.append(cellNode(row, index)); });
        fresh.append(made);
      });
      body.replaceChildren(fresh);
      const left = found.length - limit, more = box.querySelector("[data-more]");
      more.hidden = left <= 0;
      more.textContent = qmsText("Show {n} more of {left}", { n: Math.min(STEP, left), left: left });
      box.querySelector("[data-none]").hidden = found.length > 0;
    }

    function showCounts(counts) {
      facets.forEach(function (facet, n) {
        const wanted = view.is.get(facet.key);
        all("label", facet.field).forEach(function (label) {
          const input = label.querySelector("input"), number = counts[n].get(input.value) || 0;
          input.checked = Boolean(wanted && wanted.has(input.value));
          label.querySelector("b").textContent = String(number);
          label.classList.toggle("is-none", number === 0 && !input.checked);
        });
        const menu = facet.field.closest(".qms-reg-menu");
        if (menu) { menu.querySelector(".qms-reg-set").textContent = wanted ? " " + wanted.size : ""; menu.classList.toggle("is-set", Boolean(wanted)); }
      });
    }

    function showLine() {
      const strong = element("strong", "", String(found.length));
      line.replaceChildren(strong, " " + (found.length === rows.length ? what : qmsText("of {total} {what}", { total: rows.length, what: what })));
      const narrowed = found.length < rows.length || view.find || view.within.size > 0 || view.is.size > 0;
      box.querySelector("[data-clear]").hidden = !narrowed;
      box.querySelector("[data-csv]").textContent = narrowed ? qmsText("CSV of these {n}", { n: found.length }) : "CSV";
      const set = view.is.size + view.within.size;
      box.querySelector("[data-fold]").textContent = set ? qmsText("Filters ({n})", { n: set }) : qmsText("Filters");
    }

    function showView() {
      columns.forEach(function (column, index) {
        column.shown = view.columns ? index === 0 || column.kind === "title" || view.columns.indexOf(column.key) >= 0 : usual[index];
        heads[index].hidden = filters[index].parentNode.hidden = !column.shown;
        const way = view.sort === column.key ? (view.down ? "descending" : "ascending") : "";
        if (way) { heads[index].setAttribute("aria-sort", way); } else { heads[index].removeAttribute("aria-sort"); }
        const wanted = view.within.get(column.key) || "";
        if (filters[index].value !== wanted) { filters[index].value = wanted; }
        filters[index].classList.toggle("is-set", Boolean(wanted));
      });
      all("[data-columns] input", box).forEach(function (input) { input.checked = columns[at.get(input.value)].shown; });
      if (find.value !== view.find) { find.value = view.find; }
    }

    function refresh() {
      if (!rows) { return; }
      showView();
      showCounts(select());
      showLine();
      show();
    }

    // --- changing ---

    function change(push) {
      limit = STEP;
      const said = addressOf(view);
      if (said !== location.hash.slice(1)) {
        // Some browsers forbid this for pages opened as files; the view then works without an address.
        try { history[push ? "pushState" : "replaceState"](null, "", said ? "#" + said : location.href.split("#")[0]); } catch (error) { /* no address */ }
      }
      load();
      refresh();
    }

    function say(words) { box.querySelector("[data-said]").textContent = words; }

    function copy() {
      const link = location.href.split("#")[0] + (addressOf(view) ? "#" + addressOf(view) : "");
      const done = function () { say(qmsText("Link copied.")); };
      const plain = function () {
        const field = element("textarea", "qms-hide", link);
        box.append(field);
        field.select();
        const worked = document.execCommand("copy");
        field.remove();
        if (worked) { done(); } else { say(link); }
      };
      if (navigator.clipboard && window.isSecureContext) { navigator.clipboard.writeText(link).then(done, plain); } else { plain(); }
    }

    function csvCell(value) {
      const said = /^[=+\-@\t\r\n＝＋－＠]/.test(value) && !/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value) ? "'" + value : value;
      return /[",\r\n]/.test(said) ? '"' + said.replace(/"/g, '""') + '"' : said;
    }

    function csv() {
      const shown = columns.map(function (column, index) { return index; }).filter(function (index) { return columns[index].shown; });
      const lines = [shown.map(function (index) { return csvCell(columns[index].title); })].concat(found.map(function (row) {
        return shown.map(function (index) { const cell = row.cells[index]; return csvCell(columns[index].kind === "date" ? cell : columns[index].kind === "number" && Array.isArray(cell) ? String(cell[0]) : text(row, index)); });
      }));
      const link = element("a");
      link.href = URL.createObjectURL(new Blob(["\ufeff" + lines.map(function (cells) { return cells.join(","); }).join("\r\n") + "\r\n"], { type: "text/csv;charset=utf-8" }));
      link.download = box.dataset.file + ".csv";
      link.click();
      setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
    }

    function closeMenus(but) {
      all("[data-menu]", box).forEach(function (button) {
        if (button !== but) { button.setAttribute("aria-expanded", "false"); button.nextElementSibling.hidden = true; }
      });
    }

    function later(act) { clearTimeout(typing); typing = setTimeout(act, 120); }

    find.addEventListener("input", function () { later(function () { view.find = find.value.trim(); change(false); }); });
    filters.forEach(function (input) {
      input.addEventListener("input", function () {
        later(function () { if (input.value.trim()) { view.within.set(input.dataset.in, input.value.trim()); } else { view.within.delete(input.dataset.in); } change(false); });
      });
    });
    heads.forEach(function (head, index) {
      head.querySelector("button").addEventListener("click", function () {
        const key = columns[index].key;
        if (view.sort !== key) { view.sort = key; view.down = false; } else if (!view.down) { view.down = true; } else { view.sort = ""; view.down = false; }
        change(true);
      });
    });
    facets.forEach(function (facet) {
      facet.field.addEventListener("change", function () {
        const chosen = all("input:checked", facet.field).map(function (input) { return input.value; });
        if (chosen.length) { view.is.set(facet.key, new Set(chosen)); } else { view.is.delete(facet.key); }
        change(true);
      });
    });
    box.querySelector("[data-columns]").addEventListener("change", function () {
      const chosen = all("[data-columns] input:checked", box).map(function (input) { return input.value; });
      const same = columns.every(function (column, index) { return index === 0 || column.kind === "title" || usual[index] === chosen.indexOf(column.key) >= 0; });
      view.columns = same ? null : chosen;
      change(true);
    });
    box.querySelector("[data-clear]").addEventListener("click", function () { const kept = view; view = emptyView(); view.sort = kept.sort; view.down = kept.down; view.columns = kept.columns; change(true); find.focus(); });
    box.querySelector("[data-copy]").addEventListener("click", copy);
    box.querySelector("[data-csv]").addEventListener("click", function (event) { if (rows && found.length < rows.length) { event.preventDefault(); csv(); } });
    box.querySelector("[data-more]").addEventListener("click", function () {
      const first = limit;
      limit += STEP;
      load();
      if (rows) { show(); const link = body.rows[first] && body.rows[first].querySelector("a"); if (link) { link.focus({ preventScroll: true }); } }
    });
    box.querySelector("[data-fold]").addEventListener("click", function (event) {
      const open = box.classList.toggle("is-open");
      event.currentTarget.setAttribute("aria-expanded", String(open));
    });
    all("[data-menu]", box).forEach(function (button) {
      button.addEventListener("click", function () {
        const open = button.getAttribute("aria-expanded") !== "true";
        closeMenus(button);
        button.setAttribute("aria-expanded", String(open));
        button.nextElementSibling.hidden = !open;
        button.nextElementSibling.classList.toggle("is-left", open && button.getBoundingClientRect().left > window.innerWidth / 2);
      });
    });
    document.addEventListener("click", function (event) { if (!event.target.closest(".qms-reg-menu")) { closeMenus(null); } });
    box.addEventListener("keydown", function (event) {
      const menu = event.target.closest(".qms-reg-menu");
      if (event.key === "Escape" && menu && !menu.querySelector(".qms-reg-pop").hidden) { closeMenus(null); menu.querySelector("button").focus(); return; }
      const row = event.target.closest("tbody tr");
      if (!row || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) { return; }
      const next = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling, link = next && next.querySelector("a");
      if (link) { event.preventDefault(); link.focus(); }
    });
    body.addEventListener("click", function (event) {
      const row = event.target.closest("tr"), link = row && row.querySelector("th a");
      if (!link || event.target.closest("a") || String(window.getSelection())) { return; }
      link.click();
    });
    window.addEventListener("popstate", function () { if (isView()) { view = readView(location.hash.slice(1)); limit = STEP; load(); refresh(); } });

    // Links on the page that show a part of the register; without scripts they lead to all of it.
    all("a[data-view]").forEach(function (link) {
      link.addEventListener("click", function (event) { event.preventDefault(); view = readView(link.dataset.view); change(true); box.scrollIntoView(); });
    });

    // Before the rows are there: what the days of the reviews mean today, on the page as it was built.
    function showDays() {
      const field = box.querySelector('[data-facet="due"]'), counts = new Map();
      if (!field) { return; }
      field.dataset.days.split(" ").filter(Boolean).forEach(function (pair) { const part = pair.split("="), due = dueOf(part[0]); counts.set(due, (counts.get(due) || 0) + Number(part[1])); });
      all("label", field).forEach(function (label) { const number = counts.get(label.querySelector("input").value) || 0; label.querySelector("b").textContent = String(number); label.classList.toggle("is-none", number === 0); });
      all("tr", body).forEach(function (row) {
        const time = row.cells[dueAt].querySelector("time"), due = time ? dueOf(time.dateTime) : "none";
        if (due === "overdue" || due === "soon") { row.cells[dueAt].append(" ", dueNode(time.dateTime)); }
      });
    }

    showDays();
    if (count > STEP) {
      const more = box.querySelector("[data-more]");
      more.hidden = false;
      more.textContent = qmsText("Show {n} more of {left}", { n: Math.min(STEP, count - STEP), left: count - STEP });
    }
    if (count <= AT_ONCE || (location.hash.length > 1 && isView())) { load(); }
    // Many rows are fetched when somebody begins to use the register, not for everyone who passes by.
    else { ["pointerenter", "focusin", "touchstart"].forEach(function (kind) { box.addEventListener(kind, load, { once: true, passive: true }); }); }
    box.classList.add("is-live");
  }

  // --- clauses as a tree --------------------------------------------------------------------------

  function tree(box) {
    const clauses = all("details.qms-clause", box), find = box.querySelector("[data-find]"), boxes = all("input[type=checkbox]", box);

    function filter() {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean), states = boxes.filter(function (b) { return b.checked; }).map(function (b) { return b.value; });
      const narrowed = words.length > 0 || states.length > 0;
      let shown = 0;
      // From the innermost outwards: a clause stays if it or one below it matches.
      clauses.slice().reverse().forEach(function (clause) {
        const inner = all(":scope > .qms-clause-in > details", clause), below = inner.some(function (d) { return !d.hidden; });
        const leaf = !clause.classList.contains("qms-clause-heading");
        const said = (clause.querySelector("summary").textContent + " " + all(":scope > .qms-clause-in > .qms-clause-facts", clause).map(function (f) { return f.textContent; }).join(" ")).toLowerCase();
        const own = leaf && words.every(function (w) { return said.indexOf(w) >= 0; }) && (!states.length || states.some(function (s) { return clause.classList.contains("qms-clause-" + s); }));
        clause.hidden = narrowed && !own && !below;
        if (narrowed) { clause.open = below; }
        if (!clause.hidden) { shown += 1; }
      });
      box.querySelector("[data-none]").hidden = shown > 0;
    }

    function reveal() {
      const target = location.hash.length > 1 && document.getElementById(window.qmsHash());
      if (!target || !box.contains(target)) { return; }
      for (let at = target; at && at !== box; at = at.parentElement) { if (at.tagName === "DETAILS") { at.open = true; at.hidden = false; } }
      target.scrollIntoView();
    }

    find.addEventListener("input", filter);
    boxes.forEach(function (b) { b.addEventListener("change", filter); });
    box.querySelector("[data-unfold]").addEventListener("click", function () { clauses.forEach(function (c) { c.open = true; }); });
    box.querySelector("[data-foldup]").addEventListener("click", function () { clauses.forEach(function (c) { c.open = false; }); });
    window.addEventListener("hashchange", reveal);
    reveal();
  }

  all("[data-qms-reg]").slice(0, 1).forEach(register);
  all("[data-qms-tree]").forEach(tree);
})();
