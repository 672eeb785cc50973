// Filters and sorts registers, says how overdue a date is, and warns when the pages are out of date.
// Everything can be read without it.
(function () {
  "use strict";
  function start() {
    document.querySelectorAll(".qms-register").forEach(function (box) {
      var input = box.querySelector("[data-qms-filter]"), count = box.querySelector("[data-qms-count]");
      var rows = Array.prototype.slice.call(box.querySelectorAll("tbody tr"));
      function filter() {
        var words = input.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
        rows.forEach(function (row) {
          var text = row.textContent.toLowerCase();
          row.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
          if (!row.hidden) { shown += 1; }
        });
        count.textContent = String(shown);
        history.replaceState(null, "", input.value ? "#q=" + encodeURIComponent(input.value) : location.pathname);
      }
      if (!input) { return; }
      input.addEventListener("input", filter);
      if (location.hash.indexOf("#q=") === 0) { input.value = decodeURIComponent(location.hash.slice(3)); filter(); }
    });
    document.querySelectorAll(".qms-sort th").forEach(function (head) {
      head.tabIndex = 0;
      function sort() {
        var body = head.closest("table").tBodies[0], at = head.cellIndex, up = head.getAttribute("aria-sort") !== "ascending";
        head.parentNode.querySelectorAll("th").forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        Array.prototype.slice.call(body.rows).sort(function (a, b) {
          return (up ? 1 : -1) * a.cells[at].textContent.localeCompare(b.cells[at].textContent, undefined, { numeric: true });
        }).forEach(function (row) { body.appendChild(row); });
      }
      head.addEventListener("click", sort);
      head.addEventListener("keydown", function (event) { if (event.key === "Enter") { sort(); } });
    });
    document.querySelectorAll("time.qms-due").forEach(function (due) {
      var days = Math.floor((Date.now() - Date.parse(due.dateTime)) / 86400000);
      if (days > 0) { due.classList.add("qms-overdue"); due.textContent += " · overdue by " + days + " days"; }
    });
  }
  // A page cannot know that its day has passed; the reader's clock can.
  function late() {
    var note = document.querySelector(".qms-asof"), words = "";
    if (!note || note.hasAttribute("data-fixed")) { return; }
    var now = new Date(), today = new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
    var next = note.getAttribute("data-next"), age = Math.floor((Date.parse(today) - Date.parse(note.getAttribute("data-day"))) / 86400000);
    if (next && next <= today) { words = " Since " + next + " newer revisions are in force. Ask for the page to be built anew."; }
    else if (age > 2) { words = " This is " + age + " days old. Ask for the page to be built anew."; }
    if (words) { note.classList.add("qms-late"); note.setAttribute("role", "alert"); note.appendChild(document.createTextNode(words)); }
    document.querySelectorAll("[data-from]").forEach(function (box) {
      if (box.getAttribute("data-from") <= today) { box.classList.add("qms-notice-bad"); box.open = true; }
    });
  }
  if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", function () { start(); late(); }); } else { start(); late(); }
})();
