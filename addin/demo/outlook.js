// The stand-in mailbox: lists the sample items, shows the selected one and tells
// the framed sidebar about it, as Outlook does.

const { sidebar, user, items } = await (await fetch("items.json")).json();
const article = document.getElementById("item");
const pane = document.getElementById("pane");
const button = document.getElementById("open");
const dark = document.getElementById("dark");
let selected = null;

for (const item of items) {
  const entry = make("button", { type: "button", className: "entry" });
  entry.dataset.item = item.id;
  entry.append(
    make("span", { className: "entry-who", textContent: item.mode === "compose" ? item.label : item.from.name }),
    make("span", { textContent: item.subject }),
    make("span", { className: "entry-note", textContent: item.when === item.label ? item.to.map((p) => p.name).join(", ") : item.when }),
  );
  const li = make("li", {});
  li.append(entry);
  document.getElementById(item.kind).append(li);
}

document.querySelector(".list").addEventListener("click", (event) => {
  const entry = event.target.closest(".entry");
  if (entry) select(entry.dataset.item);
});
button.addEventListener("click", () => (pane.hidden ? open() : close()));
document.getElementById("close").addEventListener("click", close);
dark.addEventListener("change", () => {
  document.documentElement.dataset.theme = dark.checked ? "dark" : "light";
  tell();
});
window.addEventListener("message", ({ source, data }) => {
  if (source === pane.querySelector("iframe")?.contentWindow && data?.tandemDemo === "ready") tell();
});
select(items[0].id);

function select(id) {
  selected = items.find((item) => item.id === id) ?? null;
  for (const entry of document.querySelectorAll(".entry")) {
    entry.setAttribute("aria-current", String(entry.dataset.item === id));
  }
  draw();
  tell();
}

// tell the sidebar what is selected.
function tell() {
  pane.querySelector("iframe")?.contentWindow.postMessage(
    { tandemDemo: "select", item: selected, user, dark: dark.checked, openBrowserWindow: false },
    new URL(sidebar).origin,
  );
}

// open frames the sidebar as Outlook on the web does: sandboxed, on another host.
function open() {
  const frame = make("iframe", { title: "Tandem", src: sidebar });
  frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox");
  pane.append(frame);
  pane.hidden = false;
  button.setAttribute("aria-expanded", "true");
}

function close() {
  pane.querySelector("iframe")?.remove();
  pane.hidden = true;
  button.setAttribute("aria-expanded", "false");
  button.focus();
}

function draw() {
  if (!selected) {
    article.replaceChildren(make("p", { className: "empty", textContent: "Select an item to read it." }));
    return;
  }
  const list = make("dl", {});
  const event = selected.kind === "appointment";
  for (const [label, people] of [
    [event ? "Organizer" : "From", [selected.from]],
    [event ? "Required" : "To", selected.to],
    [event ? "Optional" : "Cc", selected.cc],
  ]) {
    if (!people?.length) continue;
    list.append(make("dt", { textContent: label }), make("dd", { textContent: people.map((p) => (p.name ? `${p.name} <${p.email}>` : p.email)).join("; ") }));
  }
  list.append(make("dt", { textContent: "When" }), make("dd", { textContent: selected.when }));
  article.replaceChildren(
    make("h2", { textContent: selected.subject }),
    list,
    ...selected.body.map((textContent) => make("p", { textContent })),
  );
}

function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
