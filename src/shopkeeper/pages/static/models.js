// A prompt on two models side by side, streamed while they write. What a model wrote goes into the page as text and as
// nothing else. Without this script the form waits for both answers.
"use strict";

const form = document.getElementById("try");
const stop = form.querySelector("[data-stop]");
let asking = null;

function part(side, name) { return side.querySelector(`[data-${name}]`); }

function told(side, name, data) {
  if (name === "piece") part(side, "text").append(data.text);
  if (name === "end") part(side, "figures").textContent = data.figures;
  if (name === "failed") { failed(side, data.problem); }
  return name !== "piece";
}

function failed(side, problem) {
  part(side, "figures").textContent = "";
  part(side, "problem").textContent = problem;
  part(side, "problem").hidden = false;
}

// Events come cut anywhere; each ends with an empty line. True once the last one has come.
async function read(side, body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return false;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event);
      if (told(side, name, JSON.parse(data))) return true;
    }
  }
}

async function ask(side, signal) {
  const model = side.querySelector("select").value;
  part(side, "text").textContent = "";
  part(side, "figures").textContent = "";
  part(side, "problem").hidden = true;
  if (model === "-") return;
  const body = new FormData(form);
  body.set("model", model);
  part(side, "text").setAttribute("aria-busy", "true");
  part(side, "figures").textContent = side.dataset.writes;
  try {
    const answer = await fetch(form.dataset.stream, { method: "POST", body: new URLSearchParams(body), signal });
    if (!answer.ok || !(await read(side, answer.body))) failed(side, side.dataset.broken);
  } catch (error) {
    if (signal.aborted) part(side, "figures").textContent = side.dataset.stopped;
    else failed(side, side.dataset.broken);
  } finally {
    part(side, "text").removeAttribute("aria-busy");
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  asking?.abort();
  const own = asking = new AbortController();
  stop.hidden = false;
  await Promise.all([...document.querySelectorAll("[data-side]")].map((side) => ask(side, own.signal)));
  if (asking === own) stop.hidden = true;
});
stop.addEventListener("click", () => asking?.abort());
