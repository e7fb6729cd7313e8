// The inbox: keys, and a page that is looked at anew whenever something changes. What is being typed stays. Without this
// script every button works and the page is as old as its loading.
"use strict";

const inbox = document.querySelector("[data-inbox]");

// j and k go along the list; the other keys press what carries them.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.metaKey) return;
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  if (typing && event.key === "Escape") document.activeElement.blur();
  if (typing && event.key === "Enter" && event.ctrlKey) document.querySelector("[data-send]")?.click();
  if (typing || event.ctrlKey) return;
  if (event.key === "j" || event.key === "k") { step(event.key === "j" ? 1 : -1); return; }
  const pressed = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!pressed) return;
  event.preventDefault();
  if (pressed.tagName === "TEXTAREA") pressed.focus(); else pressed.click();
});

function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const here = rows.findIndex((row) => row.hasAttribute("aria-current"));
  const next = rows[here < 0 ? 0 : here + by];
  if (next) window.location.assign(next.href);
}

// The last message is what one comes for.
function toTheEnd() {
  const thread = document.getElementById("thread");
  if (thread) thread.scrollTop = thread.scrollHeight;
}
toTheEnd();

// Parts that live are replaced by those of the page as it is now, unless somebody is in the middle of them.
async function refresh() {
  const answer = await fetch(inbox.dataset.here, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(part.id);
    if (!now || part.contains(document.activeElement) || part.innerHTML === now.innerHTML) continue;
    const open = [...part.querySelectorAll("details[open]")].map((each) => each.id);
    part.replaceChildren(...now.childNodes);
    for (const id of open) { const found = document.getElementById(id); if (found) found.open = true; }
    if (part.id === "thread") toTheEnd();
  }
  const sentence = fresh.querySelector(".page-head p");
  if (sentence) document.querySelector(".page-head p").textContent = sentence.textContent;
}

const events = new EventSource(inbox.dataset.events);
events.addEventListener("changed", refresh);
window.addEventListener("pagehide", () => events.close());
