// Small conveniences; every page works without them.
"use strict";

// "/" goes to the search box.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) return;
  const box = document.querySelector("input[type=search]");
  if (box) { event.preventDefault(); box.focus(); box.select(); }
});

// Empty fields stay out of addresses.
document.addEventListener("formdata", (event) => {
  if (event.target.method !== "get") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

// Of a row of links that is wider than the screen, the one that is open is in sight.
for (const link of document.querySelectorAll("nav [aria-current]")) {
  const row = link.closest("nav"), place = link.getBoundingClientRect();
  row.scrollLeft += place.left - row.getBoundingClientRect().left - (row.clientWidth - place.width) / 2;
}

// Forms that send themselves when something is chosen; their buttons are for those without scripts. The Enter key
// changes and sends at once, so a change waits to see whether the form is on its way already.
let sending = 0;
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (!form || !event.target.closest("[data-submits]")) return;
  clearTimeout(sending);
  sending = setTimeout(() => form.requestSubmit(), 0);
});
document.addEventListener("submit", () => clearTimeout(sending), true);
function hideButtons() {
  for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
}
hideButtons();

// Parts that htmx replaces: what was unfolded stays so, and a page that fails is shown whole.
let unfolded = null;
document.addEventListener("htmx:beforeSwap", () => {
  unfolded = new Map([...document.querySelectorAll("details[id]")].map((d) => [d.id, d.open]));
});
document.addEventListener("htmx:afterSettle", () => {
  for (const [id, open] of unfolded ?? []) {
    const found = document.getElementById(id);
    if (found) found.open = open;
  }
  unfolded = null;
  hideButtons();
});
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.requestConfig.verb === "get") window.location.assign(event.detail.pathInfo.finalRequestPath);
});
