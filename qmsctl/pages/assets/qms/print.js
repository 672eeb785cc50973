// Paper: opens what is folded before printing, writes the day of printing at the foot of every sheet, and answers
// the question of a printed copy, "is this still current?", from the page itself. It puts handbooks together, too;
// everything else prints without it.
(function () {
  "use strict";
  var root = document.documentElement, opened = [], waiting = [], gather = now, place = root.lang === "en" ? "en-GB" : root.lang || "en-GB";

  function now(next) { next(); }
  function quoted(text) { return '"' + text.replace(/[^\w .,-]/g, function (c) { return "\\" + c.codePointAt(0).toString(16) + " "; }) + '"'; }

  function before() {
    var now = new Date(), when = now.toLocaleDateString(place, { day: "numeric", month: "long", year: "numeric" });
    when += ", " + now.toLocaleTimeString(place, { hour: "2-digit", minute: "2-digit" });
    root.style.setProperty("--qms-printed", quoted(" · " + window.qmsText("printed on {day}", { day: when })));
    document.querySelectorAll("article details:not([open])").forEach(function (box) { box.open = true; opened.push(box); });
  }
  function after() {
    opened.forEach(function (box) { box.open = false; });
    opened = [];
  }

  function day(iso) {
    return new Date(iso + "T00:00:00Z").toLocaleDateString(place, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  }

  // The verdict on a copy: how it is shown, what it says, and what to do.
  function verdict(copy, here) {
    var now = window.qmsToday(), next = here.getAttribute("data-qms-next"), from = here.getAttribute("data-qms-from");
    var rev = here.getAttribute("data-qms-rev"), state = here.getAttribute("data-qms-sheet"), since = here.getAttribute("data-qms-since");
    var values = { copy: copy, rev: rev, next: next || "", day: since ? day(since) : "" };
    if (state === "preview" || state === "past") {
      return ["watch", window.qmsText("This page cannot say it."), window.qmsText("It does not show what is in force now. Ask on the intranet itself.")];
    }
    if (state === "withdrawn") {
      return ["bad", window.qmsText("No. This document was withdrawn."), window.qmsText("Do not work by your copy. Throw it away.")];
    }
    if (next && from <= now) {
      values.day = day(from);
      return copy === next
        ? ["good", window.qmsText("Yes. Your copy is current."), window.qmsText("Revision {next} has been in force since {day}.", values)]
        : ["bad", window.qmsText("No. Your copy is out of date."), window.qmsText("Your copy is revision {copy}; since {day} revision {next} is in force. Throw the copy away.", values)];
    }
    if (copy !== rev) {
      if (state === "current" && newer(copy, rev)) {
        return ["bad", window.qmsText("No. Your copy is not in force."), window.qmsText("Your copy is revision {copy}; in force is revision {rev}. Work by this page.", values)];
      }
      return ["bad", window.qmsText("No. Your copy is out of date."), window.qmsText("Your copy is revision {copy}; in force is revision {rev}, since {day}. Throw the copy away.", values)];
    }
    if (state === "coming") {
      return ["watch", window.qmsText("Not yet in force."), window.qmsText("Revision {rev} takes effect on {day}.", values)];
    }
    if (next) {
      values.day = day(from);
      return ["good", window.qmsText("Yes. Your copy is current."), window.qmsText("Revision {rev} is in force. From {day} revision {next} takes its place.", values)];
    }
    return ["good", window.qmsText("Yes. Your copy is current."), window.qmsText("Revision {rev} has been in force since {day}.", values)];
  }

  // A page that was not built anew for days may not know the newest revision.
  function stale() {
    var note = document.querySelector(".qms-asof");
    return Boolean(note) && (Date.parse(window.qmsToday()) - Date.parse(note.getAttribute("data-day"))) / 86400000 > 2;
  }

  function newer(one, other) {
    return one.localeCompare(other, undefined, { numeric: true }) > 0;
  }

  function current() {
    var asked = new URLSearchParams(location.search).get("rev"), here = document.querySelector("[data-qms-sheet]");
    var title = document.querySelector("article h1");
    if (!asked || !here || !title) { return; }
    var said = verdict(asked.slice(0, 40), here);
    if (said[0] === "good" && stale()) { said = ["watch", window.qmsText("As far as this page knows, yes."), window.qmsText("But it was not built anew for days. Ask the owner.")]; }
    var box = document.createElement("div"), head = document.createElement("strong"), more = document.createElement("p");
    var sign = document.createElement("span");
    box.className = "qms-current qms-current-" + said[0];
    box.setAttribute("role", said[0] === "good" ? "status" : "alert");
    sign.setAttribute("aria-hidden", "true");
    sign.textContent = { good: "● ", watch: "▲ ", bad: "■ " }[said[0]];
    head.appendChild(sign);
    head.appendChild(document.createTextNode(said[1]));
    more.textContent = said[2];
    box.appendChild(head);
    box.appendChild(more);
    title.parentNode.insertBefore(box, title);
  }

  // Handbooks: each document is a script of its own, for pages opened from a folder may load nothing else. The first ones
  // come at once, the others with the first sign of a reader, who may search or print then.
  function handbook() {
    var links = Array.prototype.slice.call(document.querySelectorAll("a[data-qms-chapter]")), pages = {}, here = 0, failed = 0, asked = 0;
    var state = document.querySelector(".qms-handbook-state"), whole = document.querySelector(".qms-handbook"), place = location.hash;
    var signs = ["scroll", "keydown", "pointerdown", "pointermove", "touchstart", "beforeprint"];
    if (!links.length) { return; }
    function told() {
      var values = { n: here, all: links.length };
      state.textContent = here + failed < links.length
        ? window.qmsText("{n} of {all} documents are here; the others come as you read on or print.", values)
        : window.qmsText("{n} of {all} documents are here.", values);
      state.hidden = here === links.length;
      if (here + failed < links.length) { return; }
      document.querySelectorAll(".qms-doc a:not(.qms-alone)").forEach(inside);
      whole.setAttribute("aria-busy", "false");
      var target = place.length > 1 && document.getElementById(decodeURIComponent(place.slice(1)));
      if (target) { target.scrollIntoView(); }
      waiting.splice(0).forEach(function (next) { next(); });
    }
    // Links to what is on this page stay on it.
    function inside(link) {
      var name = link.hasAttribute("href") ? "href" : "xlink:href", value = link.getAttribute(name);
      if (!value || value.charAt(0) === "#") { return; }
      var url = new URL(value, location.href), id = pages[url.pathname], part = id + "--" + decodeURIComponent(url.hash.slice(1));
      if (id) { link.setAttribute(name, "#" + encodeURIComponent(url.hash && document.getElementById(part) ? part : id)); }
    }
    function load(link) {
      var script = document.createElement("script");
      script.src = link.getAttribute("data-qms-chapter");
      script.addEventListener("load", function () { here += 1; told(); });
      script.addEventListener("error", function () {
        var way = document.createElement("a");
        way.className = "qms-alone";
        way.href = link.qmsPage;
        way.textContent = window.qmsText("{name} could not be loaded. Open it by itself.", { name: link.textContent });
        document.getElementById(link.getAttribute("data-qms-id")).appendChild(way);
        failed += 1;
        told();
      });
      document.head.appendChild(script);
    }
    function more(count) {
      for (; asked < Math.min(count, links.length); asked += 1) { load(links[asked]); }
    }
    function all() {
      signs.forEach(function (sign) { window.removeEventListener(sign, all); });
      more(links.length);
    }
    window.qmsChapter = function (chapter) {
      var place = document.getElementById(chapter[0]), found = new DOMParser().parseFromString(chapter[1], "text/html").body;
      while (found.firstChild) { place.appendChild(found.firstChild); }
    };
    whole.setAttribute("aria-busy", "true");
    links.forEach(function (link) {
      var id = link.getAttribute("data-qms-id");
      link.qmsPage = link.href;
      pages[link.pathname] = id;
      link.setAttribute("href", "#" + encodeURIComponent(id));
      document.getElementById(id).hidden = false;
    });
    told();
    more(place ? links.length : 3);
    signs.forEach(function (sign) { window.addEventListener(sign, all, { passive: true }); });
    window.addEventListener("hashchange", function () { place = location.hash; });
    gather = function (next) {
      if (here + failed === links.length) { return next(); }
      waiting.push(next);
      all();
    };
  }

  function printing() {
    document.querySelectorAll("[data-qms-print]").forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () { gather(function () { window.print(); }); });
    });
    window.addEventListener("keydown", function (event) {
      if (event.key !== "p" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || gather === now) { return; }
      event.preventDefault();
      gather(function () { window.print(); });
    });
  }

  window.addEventListener("beforeprint", before);
  window.addEventListener("afterprint", after);
  current();
  handbook();
  printing();
})();
