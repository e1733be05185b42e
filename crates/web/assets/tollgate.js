// What is nicer with script; everything works without it. Text goes into pages as text only.
"use strict";

// Instants in the reader's own zone, the year where it is another; UTC stays in the title.
function localTimes() {
  const minute = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
  const near = new Intl.DateTimeFormat(undefined, minute);
  const far = new Intl.DateTimeFormat(undefined, { ...minute, year: "numeric" });
  const year = new Date().getFullYear();
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) {
      time.textContent = (at.getFullYear() === year ? near : far).format(at);
    }
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

// What is shown once is gone when the page is left: whoever comes back to it finds it no more, also
// where the browser has kept the page.
function forgetSecrets() {
  addEventListener("pagehide", () => {
    for (const secret of document.querySelectorAll("[data-once] code")) {
      secret.textContent = "It was shown once.";
    }
    for (const field of document.querySelectorAll("input[type=hidden][name=secret]")) field.value = "";
    for (const field of document.querySelectorAll("input[type=password]")) field.value = "";
  });
}

// A form is sent once; the button says that it is on its way. Coming back makes it new.
function sendOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (form.method !== "post") return;
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
    for (const button of document.querySelectorAll("button[aria-busy]")) {
      button.removeAttribute("aria-busy");
    }
  });
}

// `data-live="/address"` brings figures: each goes where `data-figure` has its name.
function liveFigures() {
  for (const part of document.querySelectorAll("[data-live]")) {
    const source = new EventSource(part.dataset.live);
    source.addEventListener("message", (event) => {
      for (const [name, text] of Object.entries(JSON.parse(event.data))) {
        const figure = part.querySelector(`[data-figure="${CSS.escape(name)}"]`);
        if (figure instanceof HTMLProgressElement) figure.value = Number(text);
        else if (figure && figure.textContent !== text) figure.textContent = text;
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

// The events of a stream, as they come.
async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: {")) yield JSON.parse(line.slice(6));
    }
  }
}

// The playground: what a model writes is shown as it comes, and as text, whatever it holds.
function playground() {
  const form = document.querySelector("form[data-stream]");
  const answer = document.querySelector("[data-answer]");
  if (!form || !answer) return;
  const stop = form.querySelector("[data-stop]");
  const call = form.querySelector("button.main");
  const cameTo = document.querySelector("[data-came-to]");
  const log = document.querySelector("[data-log]");
  let sent = 0;

  async function figures(request) {
    log.href = form.dataset.logs + encodeURIComponent(request);
    log.hidden = false;
    const response = await fetch(form.dataset.figures + encodeURIComponent(request));
    if (!response.ok) return;
    const found = await response.json();
    for (const figure of cameTo.querySelectorAll("[data-figure]")) {
      figure.textContent = found[figure.dataset.figure] ?? "—";
    }
    cameTo.hidden = false;
  }

  async function run() {
    const hangUp = new AbortController();
    const stopped = () => hangUp.abort();
    stop.addEventListener("click", stopped);
    const fields = new URLSearchParams(new FormData(form));
    // Each call is one of its own, though the form is the same.
    sent += 1;
    fields.set("_form", `${fields.get("_form")}.${sent}`);
    call.disabled = true;
    stop.hidden = false;
    answer.textContent = "";
    answer.classList.remove("refused");
    cameTo.hidden = true;
    log.hidden = true;
    let request = null;
    try {
      const ask = { method: "POST", body: fields, signal: hangUp.signal };
      const response = await fetch(form.dataset.stream, ask);
      const kind = response.headers.get("content-type") ?? "";
      // A page: the form needs care, or the session is at its end.
      if (kind.startsWith("text/html")) {
        form.submit();
        return;
      }
      request = response.headers.get("x-tollgate-call");
      if (kind.startsWith("text/event-stream")) {
        for await (const event of eventsOf(response)) {
          if (event.error) {
            answer.classList.add("refused");
            answer.append(event.error.message ?? "");
          }
          answer.append(event.choices?.[0]?.delta?.content ?? "");
        }
      } else {
        const refusal = await response.json();
        answer.classList.add("refused");
        answer.append(refusal.error?.message ?? "");
      }
    } catch (why) {
      answer.append(why.name === "AbortError" ? " ⏹" : "The call broke off.");
    } finally {
      stop.removeEventListener("click", stopped);
      stop.hidden = true;
      call.disabled = false;
    }
    if (request) await figures(request);
  }

  form.addEventListener("submit", (event) => {
    if (event.submitter?.name === "show" || !form.elements.stream.checked) return;
    event.preventDefault();
    run();
  });
}

localTimes();
copyButtons();
forgetSecrets();
sendOnce();
liveFigures();
menu();
playground();
