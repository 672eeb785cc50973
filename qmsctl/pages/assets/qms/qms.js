// Filters and sorts registers, and says how overdue a date is. Everything can be read without it.
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
  if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", start); } else { start(); }
})();
