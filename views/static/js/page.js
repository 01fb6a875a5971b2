// What the pages of the tab do beside htmx: open dialogs, close menus, show a
// field only while another one has a value, bring the focus along. Every page
// works without it: the same buttons are forms that lead to a page.

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog) {
      event.preventDefault();
      opener.closest("details")?.removeAttribute("open");
      dialog.showModal();
    }
    return;
  }
  event.target.closest("[data-close]")?.closest("dialog")?.close();
  const jump = event.target.closest("[data-focus]");
  if (jump) focusFirst(document.getElementById(jump.dataset.focus));
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// focusFirst puts the cursor into the first field of a section, once the
// browser has scrolled there.
function focusFirst(section) {
  const field = section?.querySelector("select, input:not([type=hidden]), button");
  if (field) setTimeout(() => field.focus({ preventScroll: true }));
}

// onlyIf shows [data-only-if="f.auth=password"] while that field has the value.
// Hidden fields are disabled, so that they are neither sent nor asked for.
function onlyIf(root) {
  for (const box of root.querySelectorAll("[data-only-if]")) {
    const [name, value] = box.dataset.onlyIf.split("=");
    const field = box.closest("form")?.elements.namedItem(name);
    if (!field) continue;
    const show = field.value === value;
    box.hidden = !show;
    for (const input of box.querySelectorAll("input, select")) input.disabled = !show;
  }
}

document.addEventListener("change", (event) => {
  if (event.target.form) onlyIf(event.target.form);
  // "All" of a list of boxes.
  const all = event.target.closest("[data-all]");
  if (all) {
    for (const box of all.form.elements) {
      if (box.name === all.dataset.all) box.checked = all.checked;
    }
  }
});

document.addEventListener("htmx:after:swap", () => {
  // In swapped HTML noscript holds real elements: its buttons must not be met.
  for (const stale of document.querySelectorAll("noscript")) stale.remove();
  onlyIf(document);
  const wrong = document.querySelector("[aria-invalid=true]");
  if (wrong && document.activeElement === document.body) wrong.focus();
});

onlyIf(document);
