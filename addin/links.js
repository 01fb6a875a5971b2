// Ways out of the sidebar into a browser tab. The links are real and ready
// before they are pressed: an address that is asked for after the click would
// be stopped by pop-up blockers. A ticket in a link lives a minute and works
// once, so shown links are renewed, in place: focus and open menus stay.

const RENEW = 40_000;

// watchLinks takes care of all links below document. menu gives a fresh menu
// as a parsed document, or null; say announces a sentence.
export function watchLinks(menu, say) {
  const shown = () => !document.hidden && document.querySelector("[data-ticket]");
  const renew = async () => {
    const fresh = (await menu())?.querySelector("[data-ticket]")?.getAttribute("href");
    if (!fresh) return;
    for (const link of document.querySelectorAll("[data-ticket]")) link.setAttribute("href", fresh);
  };
  setInterval(() => shown() && renew(), RENEW);
  document.addEventListener("visibilitychange", () => shown() && renew());

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    if (link.hasAttribute("data-copy")) {
      event.preventDefault();
      copy(link, say);
      return;
    }
    if (link.hasAttribute("data-open-tab") && canOpen()) {
      event.preventDefault();
      Office.context.ui.openBrowserWindow(link.href);
    }
    // The ticket is spent once the tab has opened.
    if (link.hasAttribute("data-ticket")) setTimeout(() => shown() && renew(), 1500);
  });
}

// canOpen: only Outlook for Windows (classic) and Mac open the user's own
// browser; elsewhere the function is not even there.
function canOpen() {
  return Boolean(Office.context.requirements?.isSetSupported("OpenBrowserWindowApi", "1.1") && Office.context.ui.openBrowserWindow);
}

// copy puts the address into the clipboard, or, where the frame may not, shows
// it selected.
async function copy(link, say) {
  if (document.featurePolicy?.allowsFeature("clipboard-write") ?? true) {
    try {
      await navigator.clipboard.writeText(link.href);
      say("Link copied. It works for one minute.");
      return;
    } catch {
      // The frame has no permission: go on below.
    }
  }
  let field = link.parentElement.querySelector(".copy-field");
  if (!field) {
    field = document.createElement("input");
    field.className = "copy-field";
    field.type = "text";
    field.readOnly = true;
    field.setAttribute("aria-label", "Link to copy");
    link.after(field);
  }
  field.value = link.href;
  field.select();
  say(document.execCommand("copy") ? "Link copied. It works for one minute." : "Press Ctrl+C to copy the link.");
}
