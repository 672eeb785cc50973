// Sets light or dark before anything is drawn. The only script that is not deferred.
(function () {
  "use strict";
  var root = document.documentElement, chosen = "";
  root.classList.remove("no-js");
  root.classList.add("js");
  try { chosen = localStorage.getItem("qms-scheme") || ""; } catch (error) { chosen = ""; }
  var dark = chosen ? chosen === "dark" : window.matchMedia && matchMedia("(prefers-color-scheme: dark)").matches;
  if (!dark) { return; }
  var watch = new MutationObserver(function () {
    if (document.body) {
      document.body.setAttribute("data-md-color-scheme", "slate");
      watch.disconnect();
    }
  });
  watch.observe(root, { childList: true });
})();
