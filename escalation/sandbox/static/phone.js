// Polls one phone and posts what the person does. Without it the page's forms do the same.
"use strict";
const phone = document.querySelector("[data-phone]");
const api = "/_sandbox/phones/" + phone.dataset.phone;
const byId = (id) => document.getElementById(id);

function list(element, lines) {
  const shown = Array.from(element.children, (item) => item.textContent);
  if (JSON.stringify(shown) === JSON.stringify(lines)) return;
  element.replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
  element.scrollTop = element.scrollHeight;
}

function show(state) {
  phone.dataset.state = byId("badge").dataset.state = byId("badge").textContent = state.state;
  byId("caller").textContent = state.caller || "";
  byId("menu").textContent = state.menu ? "Listening for a key" : "Keys are not listened to now";
  list(byId("heard"), state.heard);
  list(byId("texts"), state.texts.map((text) => text.body));
}

async function look() {
  try {
    const answer = await fetch(api);
    if (answer.ok) show(await answer.json());
  } catch (fault) { byId("caller").textContent = "the sandbox does not answer"; }
}

async function act(name, values) {
  await fetch(api + "/" + name, { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify(values) });
  await look();
}

phone.addEventListener("submit", (event) => {
  const button = event.submitter;
  const name = event.target.dataset.act || (button && button.dataset.act);
  if (!name) return;
  event.preventDefault();
  const text = event.target.elements.text;
  act(name, name === "press" ? { digits: button.value } : text ? { text: text.value } : {});
  if (text) text.value = "";
});
setInterval(look, 700);
