// Suggestions below the search box: a combobox with a list, as the ARIA Authoring Practices describe it. The focus stays
// in the box; arrows move through the list, Enter goes where the chosen line leads, Escape closes the list. The lines are
// links that the server wrote. Without this script the box is a plain search field.
"use strict";

for (const form of document.querySelectorAll("form[data-suggest]")) {
  const box = form.querySelector("input[type=search]");
  const panel = form.querySelector(".suggestions");
  const status = form.querySelector("[role=status]");
  const WAIT_MS = 120;
  let timer = 0, asking = null, shown = "", chosen = -1;

  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");

  const lines = () => [...panel.querySelectorAll("[role=option]")];
  const isOpen = () => !panel.hidden;

  function choose(place) {
    const all = lines();
    chosen = place;
    all.forEach((line, n) => line.setAttribute("aria-selected", String(n === place)));
    if (place < 0) { box.removeAttribute("aria-activedescendant"); return; }
    box.setAttribute("aria-activedescendant", all[place].id);
    all[place].scrollIntoView({ block: "nearest" });
  }

  function open() {
    if (!lines().length) return;
    panel.hidden = false;
    box.setAttribute("aria-expanded", "true");
    box.setAttribute("aria-controls", "suggestion-list");
  }

  function close() {
    clearTimeout(timer);
    asking?.abort();
    choose(-1);
    panel.hidden = true;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-controls");
    status.textContent = "";
  }

  async function ask() {
    const typed = box.value.trim();
    asking?.abort();
    if (!typed) { close(); return; }
    if (typed === shown) { open(); return; }
    asking = new AbortController();
    try {
      const answer = await fetch(`${form.dataset.suggest}?q=${encodeURIComponent(typed)}`, { signal: asking.signal });
      if (!answer.ok) { close(); return; }
      panel.innerHTML = await answer.text();
    } catch (error) {
      return; // typed on, or offline: the box works without suggestions
    }
    shown = typed;
    chosen = -1;
    box.removeAttribute("aria-activedescendant");
    if (!lines().length || document.activeElement !== box) { close(); return; }
    open();
    status.textContent = panel.querySelector("[data-said]").dataset.said;
  }

  function askSoon() {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  }

  box.addEventListener("input", (event) => { if (!event.isComposing) askSoon(); });
  box.addEventListener("compositionend", askSoon);
  box.addEventListener("blur", close);
  form.addEventListener("submit", close);
  panel.addEventListener("pointerdown", (event) => event.preventDefault()); // so that the box keeps the focus
  panel.addEventListener("mousedown", (event) => event.preventDefault());

  box.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    const count = lines().length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen()) { ask(); return; }
      const step = event.key === "ArrowDown" ? 1 : -1; // place -1 is the box itself
      choose((chosen + 1 + step + count + 1) % (count + 1) - 1);
    } else if (event.key === "Enter" && isOpen() && chosen >= 0) {
      event.preventDefault();
      lines()[chosen].click();
    } else if (event.key === "Escape" && isOpen()) {
      event.preventDefault(); // the first one closes the list, the second one empties the box
      close();
    }
  });
}
