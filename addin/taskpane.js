// The sidebar. It reads the people of the selected item from Outlook, asks the
// server about them and shows the answer. The server's fragments come through
// htmx; this module only joins Outlook, the session and the page.

import { kind, mode, peopleOf } from "./people.js";
import { bearer, forget, signIn, signOut } from "./session.js";
import { watchLinks } from "./links.js";

const paths = document.body.dataset;
const el = (id) => document.getElementById(id);
const menu = el("menu");
const wait = el("menu-list").innerHTML;
let turn = 0; // counts the questions, so that a late answer of Outlook is dropped

Office.onReady(() => {
  theme();
  on(Office.context.mailbox, "OfficeThemeChanged", theme);
  on(Office.context.mailbox, "ItemChanged", debounced(changed));
  el("sign-in-button").addEventListener("click", enter);
  menu.addEventListener("toggle", openMenu);
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", closeMenu);
  document.addEventListener("visibilitychange", returned);
  watchLinks(loadMenu, say);
  show();
});

// on adds a handler where this Outlook knows the event.
function on(target, event, handler) {
  const type = Office.EventType?.[event];
  if (type) target?.addHandlerAsync?.(type, handler, () => {});
}

function debounced(f, ms = 250) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(f, ms);
  };
}

// changed: another item is selected, or its recipients are others.
function changed() {
  if (bearer()) ask();
}

// returned from the tab: what was missing there may be done now.
function returned() {
  if (!document.hidden && el("people").querySelector(".start, .notice")) changed();
}

// show brings the page in line with the session.
function show() {
  const signedIn = Boolean(bearer());
  el("sign-in").hidden = signedIn;
  menu.hidden = !signedIn;
  el("people").replaceChildren();
  if (signedIn) ask();
}

// ask sends the people of the item to the server. The form's request replaces
// the one before it, so the answer on screen is the last item's.
async function ask() {
  const mine = ++turn;
  const item = Office.context.mailbox?.item;
  watchRecipients(item);
  const { people, more } = await peopleOf(item, [Office.context.mailbox?.userProfile?.emailAddress ?? ""]);
  if (mine !== turn || !bearer()) return;
  const form = el("item");
  form.replaceChildren();
  const add = (name, value) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    form.append(input);
  };
  add("item", kind(item));
  add("mode", mode(item));
  add("more", String(more));
  for (const { email, name, role } of people) {
    add("email", email);
    add("name", name);
    add("role", role);
  }
  form.dispatchEvent(new Event("people"));
}

// watchRecipients asks again when recipients are added while composing.
let watched;
function watchRecipients(item) {
  if (!item || item === watched || mode(item) !== "compose") return;
  watched = item;
  on(item, "RecipientsChanged", debounced(changed, 600));
}

async function enter() {
  const button = el("sign-in-button");
  fault("");
  button.disabled = true;
  try {
    await signIn(paths.dialog, paths.token);
    show();
    el("main").querySelector("a, button:not([hidden])")?.focus();
  } catch (error) {
    fault(error instanceof TypeError ? "Tandem cannot be reached. Check your connection and try again." : error.message);
  } finally {
    button.disabled = false;
  }
}

function fault(text) {
  el("sign-in-error").textContent = text;
  el("sign-in-error").hidden = !text;
}

// signedOut: the server no longer knows the token.
function signedOut() {
  forget();
  menu.open = false;
  show();
  fault("Your session has ended. Sign in again.");
}

async function clicked(event) {
  if (event.target.closest("[data-sign-out]")) {
    menu.open = false;
    await signOut(paths.leave);
    show();
    fault("");
    el("sign-in-button").focus();
  } else if (event.target.closest("[data-reload]")) {
    menu.open = false;
    if (bearer()) ask();
  } else if (!menu.contains(event.target) || event.target.closest("#menu-list a[data-open-tab]")) {
    menu.open = false;
  }
}

function closeMenu(event) {
  if (event.key === "Escape" && menu.open) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}

// openMenu fills the menu while it is open: its links hold a fresh ticket.
async function openMenu() {
  const list = el("menu-list");
  if (!menu.open) {
    list.innerHTML = wait;
    return;
  }
  const fresh = await loadMenu();
  if (!menu.open) return;
  if (fresh) list.replaceChildren(...fresh.body.childNodes);
  else list.firstElementChild.textContent = "Tandem cannot be reached.";
}

async function loadMenu() {
  try {
    const response = await fetch(paths.menu, { method: "POST", headers: { Authorization: `Bearer ${bearer()}` } });
    if (response.status === 401) signedOut();
    if (!response.ok) return null;
    return new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return null;
  }
}

function say(text) {
  el("live").textContent = text;
}

// theme follows Outlook where it tells (Mailbox 1.14), else the system.
function theme() {
  const dark = Office.context.officeTheme?.isDarkTheme;
  if (typeof dark === "boolean") document.documentElement.dataset.theme = dark ? "dark" : "light";
}

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers.Authorization = `Bearer ${bearer()}`;
});

// A refused or broken answer is not shown as if it were the people.
document.addEventListener("htmx:before:response", (event) => {
  const { status } = event.detail.ctx.response;
  if (status === 401) {
    event.preventDefault();
    signedOut();
  } else if (status >= 400) {
    event.preventDefault();
    apologize("Tandem could not answer. ");
  }
});
document.addEventListener("htmx:error", () => apologize("Tandem cannot be reached. "));

function apologize(sentence) {
  const text = document.createElement("p");
  text.className = "empty";
  text.textContent = sentence;
  const again = document.createElement("button");
  Object.assign(again, { type: "button", className: "button", textContent: "Try again" });
  again.addEventListener("click", ask);
  text.append(again);
  el("people").replaceChildren(text);
}
