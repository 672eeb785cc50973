// What every page shares: where the site begins, texts in the reader's language, light and dark, the menu,
// the remembered role, and words about days, which only the reader's clock knows. Everything can be read without it.
(function () {
  "use strict";
  var root = document.documentElement, own = document.currentScript && document.currentScript.getAttribute("src") || "";
  root.dataset.base = own.replace(/\/?assets\/qms\/qms\.js.*$/, "") || ".";
  var named = document.querySelector('meta[name="qms-page"]');
  root.dataset.page = named ? named.content : "";

  // A text in the language of the page; {names} are replaced by values.
  window.qmsText = function (text, values) {
    var words = window.qmsWords || {};
    var said = Object.prototype.hasOwnProperty.call(words, text) ? words[text] : text;
    return said.replace(/\{(\w+)\}/g, function (all, name) {
      return values && Object.prototype.hasOwnProperty.call(values, name) ? String(values[name]) : all;
    });
  };
  // What an address points at; a stray % in it is a sign like any other.
  window.qmsHash = function (address) {
    var raw = (address === undefined ? location.hash : address).slice(1);
    try { return decodeURIComponent(raw); } catch (error) { return raw; }
  };
  // What the browser remembers; nothing, where it may not.
  window.qmsMemory = {
    get: function (name) { try { return localStorage.getItem(name) || ""; } catch (error) { return ""; } },
    set: function (name, value) {
      try { if (value) { localStorage.setItem(name, value); } else { localStorage.removeItem(name); } } catch (error) { return; }
    }
  };
  // Today as the pages count it: the reader's day, or the day on which the system stands still.
  window.qmsToday = function () {
    var note = document.querySelector(".qms-asof");
    if (note && note.hasAttribute("data-fixed")) { return note.getAttribute("data-day"); }
    var now = new Date();
    return new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
  };

  function scheme() {
    var button = document.querySelector("[data-qms-scheme]");
    if (!button) { return; }
    button.addEventListener("click", function () {
      var dark = document.body.getAttribute("data-md-color-scheme") !== "slate";
      document.body.setAttribute("data-md-color-scheme", dark ? "slate" : "default");
      window.qmsMemory.set("qms-scheme", dark ? "dark" : "light");
    });
  }

  function menu() {
    var button = document.querySelector("[data-qms-menu]"), nav = document.getElementById("qms-nav");
    if (!button || !nav) { return; }
    button.addEventListener("click", function () {
      var open = nav.classList.toggle("qms-open");
      button.setAttribute("aria-expanded", String(open));
    });
    nav.addEventListener("keydown", function (event) {
      if (event.key === "Escape") { nav.classList.remove("qms-open"); button.setAttribute("aria-expanded", "false"); button.focus(); }
    });
    var here = nav.querySelector("[aria-current]");
    if (here && here.parentNode.offsetLeft > nav.clientWidth - 80) { nav.firstElementChild.scrollLeft = here.parentNode.offsetLeft - 40; }
  }

  function role() {
    var chip = document.querySelector("[data-qms-role]"), picked = window.qmsMemory.get("qms-role"), name = window.qmsMemory.get("qms-role-name");
    if (!chip || !/^[a-z0-9][a-z0-9-]*$/.test(picked)) { return; }
    chip.textContent = name || picked;
    chip.title = window.qmsText("What applies to you");
    chip.href = chip.getAttribute("href").replace(/roles\.html$/, "roles/" + picked + ".html");
    chip.hidden = false;
  }

  function days(from, to) { return Math.round((Date.parse(to) - Date.parse(from)) / 86400000); }

  function due() {
    var today = window.qmsToday();
    document.querySelectorAll("time.qms-due").forEach(function (box) {
      var late = days(box.dateTime, today);
      if (late > 0) {
        box.classList.add("qms-overdue");
        box.textContent += " · " + (late === 1 ? window.qmsText("overdue by 1 day") : window.qmsText("overdue by {days} days", { days: late }));
      }
    });
  }

  // A page cannot know that its day has passed; the reader's clock can.
  function stale() {
    var note = document.querySelector(".qms-asof"), words = "", today = window.qmsToday();
    if (!note) { return; }
    if (!note.hasAttribute("data-fixed")) {
      var next = note.getAttribute("data-next"), age = days(note.getAttribute("data-day"), today);
      if (next && next <= today) { words = window.qmsText("Since {day} newer revisions are in force. Ask for the page to be built anew.", { day: next }); }
      else if (age > 2) { words = window.qmsText("This is {days} days old. Ask for the page to be built anew.", { days: age }); }
      if (words) { note.classList.add("qms-late"); note.setAttribute("role", "alert"); note.appendChild(document.createTextNode(" " + words)); }
    }
    document.querySelectorAll("[data-from]").forEach(function (box) {
      if (box.getAttribute("data-from") <= today) { box.classList.add("qms-notice-bad"); box.open = true; }
    });
  }

  document.addEventListener("DOMContentLoaded", function () { scheme(); menu(); role(); due(); stale(); });
})();
