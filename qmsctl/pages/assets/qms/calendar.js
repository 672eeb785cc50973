// The calendar: says what is overdue by the reader's day, shows only what a role or a kind of work has to do, keeps
// that in the address, and hands on the address of a feed. It can be read without this.
(function () {
  "use strict";
  const DAY = 86400000, language = document.documentElement.lang || "en";
  const written = (day, how) => new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, Object.assign({ timeZone: "UTC" }, how)).format(new Date(day));
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));

  function make(tag, kind, text) {
    const made = document.createElement(tag);
    if (kind) { made.className = kind; }
    if (text !== undefined) { made.textContent = text; }
    return made;
  }

  function calendar(box) {
    const today = window.qmsToday(), months = box.querySelector("[data-cal-months]"), line = box.querySelector("[data-cal-line]");
    const role = box.querySelector('[data-cal="role"]'), kind = box.querySelector('[data-cal="kind"]'), late = box.querySelector('[data-cal="overdue"]');
    const more = box.querySelector("[data-cal-more]"), every = box.querySelector("[data-cal-all]"), lead = document.querySelector("[data-cal-lead]");
    let rows = all(".qms-cal-row", box).map(function (node) { return { on: node.dataset.on, who: node.dataset.who, kind: node.dataset.kind, node: node }; });
    let complete = !box.dataset.rest, wanted = null;

    // --- the entries that do not stand on the page ---

    function load(then) {
      if (complete) { then(); return; }
      if (wanted) { wanted = then; return; }
      wanted = then;
      window.qmsCalendarRows = function (data) {
        rows = rows.concat(data.map(function (r) { return { on: r[0], who: r[7], kind: r[4], node: entry(r) }; }));
        complete = true;
        if (more) { more.remove(); }
        wanted();
      };
      const script = make("script");
      script.src = box.dataset.rest;
      script.onerror = function () { line.textContent = qmsText("The later dates could not be loaded. Is the page still where it was built?"); };
      document.head.appendChild(script);
    }

    function entry(r) {
      const made = make("li", "qms-cal-row"), link = make("a"), about = make("small", "", r[5] + (r[6] ? ": " + r[6] : ""));
      link.href = r[3];
      link.append(make("span", "qms-no", r[1]), " " + r[2]);
      if (r[7]) { about.append(" · ", make("span", "", r[8])); }
      made.append(link, about);
      return made;
    }

    // --- what is shown ---

    const days = (on) => Math.round((Date.parse(today) - Date.parse(on)) / DAY);
    const isLate = (row) => row.on < today;

    function lateWords(on) {
      const n = days(on);
      return n === 1 ? qmsText("overdue by 1 day") : qmsText("overdue by {days} days", { days: n });
    }

    function show() {
      const chosen = rows.filter(function (row) {
        return (!role.value || row.who === role.value) && (!kind.value || row.kind === kind.value) && (!late.checked || isLate(row));
      });
      const groups = new Map();
      chosen.forEach(function (row) {
        const key = isLate(row) ? "overdue" : row.on.slice(0, 7);
        if (!groups.has(key)) { groups.set(key, []); }
        groups.get(key).push(row);
      });
      months.textContent = "";
      groups.forEach(function (found, key) { months.append(month(key, found)); });
      if (!chosen.length) { months.append(make("p", "qms-cal-none", late.checked ? qmsText("Nothing is overdue here.") : qmsText("Nothing is due here."))); }
      all(".qms-cal-year a", box).forEach(function (link) { link.classList.toggle("qms-cal-off", !groups.has(link.hash.slice(3))); });
      say(chosen);
    }

    function month(key, found) {
      const overdue = key === "overdue", made = make("section", "qms-cal-month" + (overdue ? " qms-cal-late" : ""));
      const head = make("h2"), list = make("ol", "qms-cal-days");
      head.id = overdue ? "overdue" : "m-" + key;
      made.setAttribute("aria-labelledby", head.id);
      if (overdue) { const sign = make("span", "qms-st-off", "■"); sign.setAttribute("aria-hidden", "true"); head.append(sign, " "); }
      head.append((overdue ? qmsText("Overdue") : written(key + "-01", { month: "long", year: "numeric" })) + " ", make("span", "qms-count", String(found.length)));
      let last = "", entries = null;
      found.forEach(function (row) {
        if (row.on !== last) {
          const day = make("li", "qms-cal-day"), time = make("time", "qms-cal-date" + (overdue ? " qms-cal-past" : ""));
          time.dateTime = row.on;
          if (overdue) { time.append(make("span", "", written(row.on, { day: "numeric", month: "long", year: "numeric" })), make("small", "qms-overdue", lateWords(row.on))); }
          else { time.append(make("b", "", String(Number(row.on.slice(8)))), " ", make("span", "", written(row.on, { weekday: "short" }))); time.title = written(row.on, { day: "numeric", month: "long", year: "numeric" }); }
          entries = make("ul");
          day.append(time, entries);
          list.append(day);
          last = row.on;
        }
        entries.append(row.node);
      });
      made.append(head, list);
      return made;
    }

    function say(chosen) {
      const overdue = chosen.filter(isLate).length, said = [];
      if (!complete) { said.push(qmsText("the first {n} of {total} entries", { n: chosen.length, total: box.dataset.total })); }
      else { said.push(chosen.length === 1 ? qmsText("1 entry") : qmsText("{n} entries", { n: chosen.length })); }
      if (overdue) { said.push(overdue === 1 ? qmsText("1 of them overdue") : qmsText("{n} of them overdue", { n: overdue })); }
      line.textContent = said.join(", ");
      if (!lead) { return; }
      lead.hidden = filtered();
      // The sentence was written when the page was built; days have passed since.
      if (!lead.hidden && overdue !== Number(lead.dataset.overdue) && overdue < chosen.length) {
        lead.textContent = overdue === 1 ? qmsText("1 thing is overdue.") : qmsText("{n} things are overdue.", { n: overdue });
      }
    }

    // --- the address ---

    function read() {
      const said = new URLSearchParams(location.hash.indexOf("=") > 0 ? location.hash.slice(1) : "");
      const pick = function (field, value) { field.value = all("option", field).some(function (o) { return o.value === value; }) ? value : ""; };
      pick(role, said.get("role") || "");
      pick(kind, said.get("kind") || "");
      late.checked = said.get("overdue") === "yes";
      return filtered();
    }
    function filtered() { return Boolean(role.value || kind.value || late.checked); }

    function write() {
      const said = new URLSearchParams();
      if (role.value) { said.set("role", role.value); }
      if (kind.value) { said.set("kind", kind.value); }
      if (late.checked) { said.set("overdue", "yes"); }
      const text = said.toString();
      history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
    }

    function changed() { write(); load(show); subscribe(); }

    function subscribe() {
      const option = role.options[role.selectedIndex], link = document.querySelector("[data-cal-subscribe]"), whose = document.querySelector("[data-cal-whose]");
      if (!link) { return; }
      const feed = option.dataset.feed || "";
      link.setAttribute("href", feed || "calendar.ics");
      whose.textContent = feed ? qmsText("This is the calendar of: {role}.", { role: option.textContent.replace(/ \(\d+\)$/, "") }) : qmsText("This is the calendar of everybody; choose a role above for its own.");
    }

    [role, kind, late].forEach(function (field) { field.addEventListener("change", changed); });
    box.querySelector("[data-cal-share]").addEventListener("click", function () { copy(location.href, line); });
    if (every) { every.hidden = false; every.addEventListener("click", function () { load(show); }); }
    window.addEventListener("hashchange", function () { if (location.hash.indexOf("=") > 0) { read(); load(show); subscribe(); } });
    box.querySelector("[data-cal-bar]").hidden = false;
    if (read()) { load(show); } else { show(); }
    subscribe();
  }

  function copy(text, told) {
    const done = function () { told.textContent = qmsText("Copied: {address}", { address: text }); };
    const shown = function () { told.textContent = text; };
    if (navigator.clipboard) { navigator.clipboard.writeText(text).then(done, shown); } else { shown(); }
  }

  function feed() {
    const box = document.querySelector("[data-cal-feed]");
    if (!box || !/^https?:$/.test(location.protocol)) { return; }
    const button = box.querySelector("[data-cal-copy]");
    button.hidden = false;
    button.addEventListener("click", function () { copy(box.querySelector("[data-cal-subscribe]").href, box.querySelector("[data-cal-said]")); });
  }

  // What is handed over shows beside a cell; Escape puts it away until another cell is looked at.
  function matrix(table) {
    const loud = function () { table.classList.remove("qms-quiet"); };
    document.addEventListener("keydown", function (event) { if (event.key === "Escape") { table.classList.add("qms-quiet"); } });
    table.addEventListener("mouseover", loud);
    table.addEventListener("focusin", loud);
  }

  document.addEventListener("DOMContentLoaded", function () { all("[data-qms-cal]").forEach(calendar); all(".qms-hands").forEach(matrix); feed(); });
})();
