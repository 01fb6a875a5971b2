// The user's session in the sidebar. There are no cookies in Outlook's frame:
// the bearer token lives in this module, in memory, and nowhere else. It is got
// by signing in inside a dialog, which hands over a one-time code that only the
// holder of this pane's verifier can exchange.

let token = "";
let proof = newProof();

// bearer is the token, "" while signed out.
export const bearer = () => token;

// forget ends the session here.
export function forget() {
  token = "";
}

// signIn opens the dialog and gives back once the token is here. It rejects
// with an Error whose message is a sentence, or with "" where the user closed
// the dialog. Call it from a click.
export async function signIn(dialogPath, tokenPath) {
  const { verifier, challenge } = await proof;
  proof = newProof();
  const address = new URL(dialogPath, location.href);
  address.searchParams.set("challenge", challenge);
  const code = await ask(address.href);
  const response = await fetch(tokenPath, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code, verifier }),
  });
  if (!response.ok) throw new Error("Signing in did not work. Try again.");
  token = (await response.json()).token;
}

// signOut ends the session on the server too.
export async function signOut(path) {
  const headers = { Authorization: `Bearer ${token}` };
  forget();
  await fetch(path, { method: "POST", headers }).catch(() => {});
}

// ask shows the dialog and resolves with the one-time code.
function ask(address) {
  return new Promise((resolve, reject) => {
    Office.context.ui.displayDialogAsync(address, { height: 60, width: 30, promptBeforeOpen: false }, (result) => {
      if (result.status !== "succeeded") return reject(new Error(cannotOpen(result.error?.code)));
      const dialog = result.value;
      dialog.addEventHandler(Office.EventType.DialogMessageReceived, (event) => {
        if (event.origin && event.origin !== location.origin) return;
        dialog.close();
        const { code, error } = parse(event.message);
        if (code) resolve(code);
        else reject(new Error(error || "Signing in did not work. Try again."));
      });
      dialog.addEventHandler(Office.EventType.DialogEventReceived, () => reject(new Error("")));
    });
  });
}

// cannotOpen puts Office's codes into sentences: 12009 the user said no, 12011
// a blocker, 12007 one is open already.
function cannotOpen(code) {
  switch (code) {
    case 12007: return "A sign-in window is open already.";
    case 12009: return "";
    case 12011: return "The browser blocked the sign-in window. Allow pop-up windows for Outlook and try again.";
    default: return "Outlook could not open the sign-in window. Try again.";
  }
}

function parse(message) {
  try {
    return JSON.parse(message) ?? {};
  } catch {
    return {};
  }
}

// newProof makes a verifier and its S256 challenge ahead of the click, so that
// nothing stands between the click and the window.
async function newProof() {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return { verifier, challenge: base64url(new Uint8Array(digest)) };
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
