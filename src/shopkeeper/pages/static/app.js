// Small conveniences; every page works without them.
"use strict";
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) return;
  const box = document.querySelector("input[type=search]");
  if (box) { event.preventDefault(); box.focus(); box.select(); }
});
// Facets are open on a wide screen and a sheet on a phone.
const sheet = document.querySelector(".facet-sheet");
if (sheet) {
  const wide = window.matchMedia("(min-width: 861px)");
  const set = () => { sheet.open = wide.matches; };
  wide.addEventListener("change", set);
  set();
}
// A select that chooses by itself; its button stays for those without scripts.
for (const select of document.querySelectorAll("select[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
  const button = select.form.querySelector("[data-without-script]");
  if (button) button.hidden = true;
}
