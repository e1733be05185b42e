// What is nicer with script; everything works without it. Text goes into pages as text only.
"use strict";

// Instants in the reader's own zone; UTC stays in the title.
function localTimes() {
  const shape = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.textContent = shape.format(at);
  }
}

// `data-copy="id"` copies that element's text. What was copied is told, then forgotten.
function copyButtons() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const from = document.getElementById(button.dataset.copy);
      if (!from) return;
      try {
        await navigator.clipboard.writeText(from.textContent);
        button.textContent = "Copied";
      } catch {
        const range = document.createRange();
        range.selectNodeContents(from);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        button.textContent = "Press Ctrl+C";
      }
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }
}

// A form is sent once; the button says that it is on its way. Coming back makes it new.
function sendOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (form.method === "post") form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });
}

// `data-live="/address"` brings figures: each goes where `data-figure` has its name.
function liveFigures() {
  for (const part of document.querySelectorAll("[data-live]")) {
    const source = new EventSource(part.dataset.live);
    source.addEventListener("message", (event) => {
      for (const [name, text] of Object.entries(JSON.parse(event.data))) {
        const figure = part.querySelector(`[data-figure="${CSS.escape(name)}"]`);
        if (figure && figure.textContent !== text) figure.textContent = text;
      }
    });
    addEventListener("pagehide", () => source.close());
  }
}

// The navigation stands open where there is room for it.
function menu() {
  const wide = matchMedia("(min-width: 60rem)");
  const menu = document.querySelector("[data-menu]");
  if (!menu) return;
  const follow = () => { menu.open = wide.matches; };
  follow();
  wide.addEventListener("change", follow);
}

localTimes();
copyButtons();
sendOnce();
liveFigures();
menu();
