// What pages do beyond being read: views that keep their place, words explained, contents that follow, the reader's role.
(function () {
  "use strict";
  var qmsText = window.qmsText, memory = window.qmsMemory;
  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }
  function make(tag, kind, text) {
    var made = document.createElement(tag);
    if (kind) { made.className = kind; }
    if (text) { made.textContent = text; }
    return made;
  }

  // Views of one process: one is shown, the address says which, and a chosen step stays chosen in all of them.
  function tabs(box) {
    var list = box.querySelector(".qms-tablist"), links = all("a", list), panels = all(".qms-panel", box);
    list.setAttribute("role", "tablist");
    links.forEach(function (link, at) {
      var panel = panels[at];
      link.setAttribute("role", "tab");
      link.id = link.id || "tab-" + at;
      link.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", link.id);
      link.addEventListener("click", function (event) { event.preventDefault(); show(at, true); });
    });
    list.addEventListener("keydown", function (event) {
      var at = links.indexOf(document.activeElement), to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: links.length - 1 }[event.key];
      if (at < 0 || to === undefined) { return; }
      event.preventDefault();
      show((to + links.length) % links.length, true);
      links[(to + links.length) % links.length].focus();
    });
    function show(at, tell) {
      var place = list.getBoundingClientRect().top;
      links.forEach(function (link, n) {
        link.setAttribute("aria-selected", String(n === at));
        link.tabIndex = n === at ? 0 : -1;
        panels[n].classList.toggle("qms-shown", n === at);
      });
      if (tell) {
        window.scrollBy(0, list.getBoundingClientRect().top - place);
        var hash = links[at].getAttribute("href"), step = box.getAttribute("data-step");
        history.replaceState(null, "", hash + (step ? "~" + step : ""));
        var chosen = step && panels[at].querySelector('[data-step="' + step + '"]');
        if (chosen) { chosen.scrollIntoView({ block: "nearest" }); }
      }
      list.scrollLeft = Math.max(0, links[at].offsetLeft - list.clientWidth / 2);
    }
    function choose(step) {
      box.setAttribute("data-step", step);
      all("[data-step]", box).forEach(function (row) { row.classList.toggle("qms-chosen", row.getAttribute("data-step") === step); });
    }
    function follow() {
      var parts = window.qmsHash().split("~"), target = parts[0] && document.getElementById(parts[0]);
      var at = target ? panels.findIndex(function (panel) { return panel.contains(target); }) : -1;
      if (parts[1] && /^[a-z0-9-]+$/.test(parts[1])) { choose(parts[1]); }
      if (at < 0) { if (!box.querySelector(".qms-shown")) { show(0, false); } return; }
      show(at, false);
      if (target.hasAttribute("data-step")) { choose(target.getAttribute("data-step")); }
      if (target !== panels[at] && links[at].getAttribute("href") !== "#" + parts[0]) { target.scrollIntoView({ block: "center" }); }
    }
    box.setAttribute("data-ready", "");
    show(0, false);
    window.addEventListener("hashchange", follow);
    follow();
  }

  // The definition of a word, on hover, focus and touch.
  function terms() {
    var tip = null;
    function hide() { if (tip) { tip.remove(); tip = null; } }
    all("a.qms-term").forEach(function (word) {
      var said = word.getAttribute("title") || "";
      word.removeAttribute("title");
      word.setAttribute("aria-description", said);
      function show() {
        hide();
        tip = make("div", "qms-tip", said);
        tip.setAttribute("role", "tooltip");
        (document.querySelector("main") || document.body).appendChild(tip);
        var box = word.getBoundingClientRect(), wide = tip.offsetWidth, high = tip.offsetHeight;
        tip.style.left = Math.max(8, Math.min(box.left, document.documentElement.clientWidth - wide - 8)) + window.scrollX + "px";
        tip.style.top = (box.top > high + 80 ? box.top - high - 8 : box.bottom + 8) + window.scrollY + "px";
      }
      word.addEventListener("mouseenter", show);
      word.addEventListener("focus", show);
      word.addEventListener("mouseleave", hide);
      word.addEventListener("blur", hide);
    });
    document.addEventListener("keydown", function (event) { if (event.key === "Escape") { hide(); } });
  }

  // The contents beside a page show where the reader is.
  function contents() {
    var links = all(".qms-toc a"), heads = links.map(function (link) { return document.getElementById(window.qmsHash(link.hash)); });
    if (!links.length || !window.IntersectionObserver) { return; }
    function mark() {
      var at = 0;
      heads.forEach(function (head, n) { if (head && head.getBoundingClientRect().top < 140) { at = n; } });
      links.forEach(function (link, n) { if (n === at) { link.setAttribute("aria-current", "true"); } else { link.removeAttribute("aria-current"); } });
    }
    var watch = new IntersectionObserver(mark, { rootMargin: "-80px 0px -60% 0px" });
    heads.forEach(function (head) { if (head) { watch.observe(head); } });
    mark();
  }

  function anchors() {
    all(".md-content__inner h2[id], .md-content__inner h3[id]").forEach(function (head) {
      if (head.closest(".qms-panel") && head.tagName === "H2") { return; }
      var link = make("a", "qms-anchor", "#");
      link.href = "#" + head.id;
      link.setAttribute("aria-label", qmsText("Link to {title}", { title: head.textContent }));
      head.appendChild(link);
    });
  }

  // My work on the front page: what the chosen role has to do, read from a small file of that role.
  window.qmsWork = function (work) {
    var box = document.querySelector("[data-qms-work]");
    if (!box) { return; }
    box.textContent = "";
    function list(title, rows, empty) {
      box.appendChild(make("h3", "", title));
      if (!rows.length) { box.appendChild(make("p", "qms-small", empty)); return; }
      var made = make("ul", "qms-refs");
      rows.forEach(function (row) {
        var entry = make("li"), link = make("a", "qms-ref", row.title);
        link.href = row.url;
        entry.appendChild(link);
        if (row.note) { entry.appendChild(document.createTextNode(" ")); entry.appendChild(make("small", "", row.note)); }
        if (row.on) {
          var late = Math.round((Date.parse(window.qmsToday()) - Date.parse(row.on)) / 86400000), due = make("small", late > 0 ? "qms-overdue" : "", " " + row.day);
          if (late > 0) { due.textContent += " · " + (late === 1 ? qmsText("overdue by 1 day") : qmsText("overdue by {days} days", { days: late })); }
          entry.appendChild(due);
        }
        made.appendChild(entry);
      });
      box.appendChild(made);
    }
    var open = make("a", "qms-button qms-button-main", qmsText("Everything for {role}", { role: work.title }));
    open.href = work.url;
    if (work.coming.length) { list(qmsText("Takes effect soon for you"), work.coming, ""); }
    list(qmsText("Due"), work.due, qmsText("Nothing is due."));
    list(qmsText("Changed lately for you"), work.changed, qmsText("Nothing changed lately."));
    box.appendChild(open);
  };
  function pick() {
    var select = document.querySelector("[data-qms-pick]"), box = document.querySelector("[data-qms-work]");
    if (!select || !box) { return; }
    function load() {
      var option = select.options[select.selectedIndex], old = document.getElementById("qms-work-file");
      memory.set("qms-role", select.value);
      memory.set("qms-role-name", select.value ? option.textContent : "");
      if (old) { old.remove(); }
      box.textContent = "";
      if (!select.value) { box.appendChild(make("p", "qms-small", qmsText("Choose your role, and this column shows what is due and what is new for you."))); return; }
      var file = make("script");
      file.id = "qms-work-file";
      file.src = option.getAttribute("data-file");
      document.head.appendChild(file);
    }
    var known = all("option", select).some(function (option) { return option.value && option.value === memory.get("qms-role"); });
    if (known) { select.value = memory.get("qms-role"); }
    select.addEventListener("change", load);
    load();
  }
  function mine() {
    all("[data-qms-mine]").forEach(function (button) {
      var role = button.getAttribute("data-qms-mine");
      function say() {
        var is = memory.get("qms-role") === role;
        button.setAttribute("aria-pressed", String(is));
        button.textContent = is ? "✓ " + qmsText("This is my role") : qmsText("This is my role");
      }
      button.hidden = false;
      button.addEventListener("click", function () {
        var is = memory.get("qms-role") === role;
        memory.set("qms-role", is ? "" : role);
        memory.set("qms-role-name", is ? "" : button.getAttribute("data-name"));
        say();
      });
      say();
    });
  }

  function folds() {
    all("[data-qms-fold]").forEach(function (button) {
      var box = document.getElementById(button.getAttribute("data-qms-fold"));
      if (!box) { return; }
      button.hidden = false;
      button.addEventListener("click", function () {
        var open = button.getAttribute("data-open") === "yes";
        all("details", box).forEach(function (fold) { fold.open = open; });
      });
    });
    // What an address points at must be seen, also inside something folded.
    function unfold() {
      var target = location.hash.length > 1 && document.getElementById(window.qmsHash());
      for (var at = target; at; at = at.parentElement) { if (at.tagName === "DETAILS") { at.open = true; } }
      if (target && target.closest("details")) { target.scrollIntoView({ block: "center" }); }
    }
    window.addEventListener("hashchange", unfold);
    unfold();
  }
  // Who comes from outside with an old address is led to what took its place, and told so there.
  function superseded() {
    var note = document.querySelector("[data-qms-successor]"), here = new URL(location.href), from = here.searchParams.get("from");
    if (note && document.referrer.indexOf(location.origin + "/") !== 0 && !here.searchParams.has("old")) {
      location.replace(note.getAttribute("data-qms-successor") + "?from=" + encodeURIComponent(note.getAttribute("data-qms-id")));
      return;
    }
    var replaces = document.querySelector("[data-qms-replaces]");
    if (from && replaces && replaces.getAttribute("data-qms-replaces").split(" ").indexOf(from) >= 0) {
      var title = document.querySelector(".md-content__inner h1"), said = make("div", "qms-notice qms-notice-coming", qmsText("You asked for {id}. This took its place.", { id: from }));
      said.setAttribute("role", "status");
      if (title) { title.parentNode.insertBefore(said, title); }
    }
  }
  // What scrolls sideways can be scrolled by keyboard too.
  function scrolling() {
    function mark() {
      all(".qms-prose table, .qms-scroll, .qms-figure").forEach(function (box) {
        if (box.scrollWidth > box.clientWidth + 1) { box.tabIndex = 0; } else if (box.tabIndex === 0) { box.removeAttribute("tabindex"); }
      });
    }
    window.addEventListener("resize", mark);
    mark();
  }
  document.addEventListener("DOMContentLoaded", function () {
    all("[data-qms-tabs]").forEach(tabs);
    terms(); contents(); anchors(); pick(); mine(); folds(); superseded(); scrolling();
  });
})();
