"use strict";
// The keyboard, and what is written down. Everything else works without a script.

const token = document.querySelector('meta[name="humpback-token"]').content;
const typing = (target) => target.closest("input:not([type=radio]):not([type=checkbox]), select, textarea");

async function send(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-humpback-token": token },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

// A choice stays on the page until it is on the disk: what fails can be said again.
async function say(article, name, value) {
  const told = article.querySelector(".told");
  if (article.dataset.busy) return;
  article.dataset.busy = "1";
  told.className = "told";
  told.textContent = "…";
  const why = article.querySelector("input[name=why]:checked");
  const line = {
    kind: article.dataset.say, place: Number(article.dataset.place), id: article.dataset.id, who: article.dataset.who,
    [name]: value, ...(why && value !== "good" ? { why: why.value } : {}),
  };
  for (const button of article.querySelectorAll(".choices button")) {
    button.setAttribute("aria-pressed", String(button.dataset.value === value));
  }
  try {
    await send("/say", line);
    location.assign(article.dataset.next);
  } catch (error) {
    told.className = "told fault";
    told.textContent = `Not written down: ${error.message}. Choose again to try again.`;
    delete article.dataset.busy;
  }
}

for (const article of document.querySelectorAll("[data-say]")) {
  for (const button of article.querySelectorAll("button[data-value]")) {
    button.addEventListener("click", () => say(article, button.dataset.name, button.dataset.value));
  }
}

for (const form of document.querySelectorAll("form[data-sheet]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const told = form.querySelector(".told");
    try {
      const sheet = await form.elements.sheet.files[0].text();
      const { taken } = await send(form.dataset.sheet, { who: form.elements.who.value, sheet });
      told.className = "told";
      told.textContent = `${taken} choices taken in.`;
    } catch (error) {
      told.className = "told fault";
      told.textContent = `None taken in: ${error.message}`;
    }
  });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (typing(event.target)) return;
  const target = [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === event.key);
  if (target) {
    event.preventDefault();
    if (target.matches("input[type=radio]")) target.checked = true;
    else if (target.matches("input")) target.focus();
    else target.click();
    return;
  }
  const rel = { ArrowLeft: "prev", ArrowRight: "next", k: "prev", j: "next" }[event.key];
  const list = [...document.querySelectorAll(".list .whole")];
  if (list.length && (event.key === "j" || event.key === "k")) {
    const at = list.indexOf(document.activeElement);
    const next = list[event.key === "j" ? at + 1 : Math.max(0, at - 1)];
    if (next) { event.preventDefault(); next.focus(); return; }
  }
  const link = rel && document.querySelector(`a[rel~="${rel}"]`);
  if (link && !event.target.closest("[tabindex='0'][role=region]")) link.click();
});
