// A double of Office.js for "Outlook (demo)" and for tests. It does what the
// sidebar relies on, and it takes away what the real one takes away: without
// that, tests would pass and Outlook would break. The mailbox around the frame
// tells by postMessage which item is selected.
(() => {
  "use strict";

  history.pushState = null;
  history.replaceState = null;
  for (const name of ["alert", "confirm", "prompt"]) {
    window[name] = () => {
      throw new Error(`window.${name} is not supported in Office Add-ins.`);
    };
  }

  const succeeded = (value) => ({ status: "succeeded", value });
  const failed = (code) => ({ status: "failed", error: { code, message: `Error ${code}` } });
  const handlers = new Map(); // event type -> handlers
  const addHandler = (type, handler, ...rest) => {
    handlers.set(type, [...(handlers.get(type) ?? []), handler]);
    rest.at(-1)?.(succeeded());
  };
  const fire = (type, argument) => (handlers.get(type) ?? []).forEach((h) => h(argument));

  const features = { openBrowserWindow: false };
  const context = {
    displayLanguage: "en-US",
    contentLanguage: "en-US",
    officeTheme: { isDarkTheme: false },
    requirements: {
      isSetSupported: (name, version = "1.1") =>
        name === "Mailbox" ? Number(version.split(".")[1]) <= 14 : name === "OpenBrowserWindowApi" && features.openBrowserWindow,
    },
    ui: { displayDialogAsync, messageParent },
  };

  let ready;
  const isReady = new Promise((resolve) => {
    ready = () => resolve({ host: "Outlook", platform: "OfficeOnline" });
  });
  window.Office = {
    context,
    onReady: (callback) => (callback ? isReady.then((info) => (callback(info), info)) : isReady),
    AsyncResultStatus: { Succeeded: "succeeded", Failed: "failed" },
    EventType: {
      ItemChanged: "olkItemSelectedChanged",
      OfficeThemeChanged: "officeThemeChanged",
      RecipientsChanged: "olkRecipientsChanged",
      DialogMessageReceived: "dialogMessageReceived",
      DialogEventReceived: "dialogEventReceived",
    },
    MailboxEnums: { ItemType: { Message: "message", Appointment: "appointment" } },
  };

  // A dialog is a window of its own: nothing but messageParent works there.
  if (window.parent === window) {
    ready();
    return;
  }

  context.mailbox = { item: null, userProfile: {}, addHandlerAsync: addHandler };
  let told = {}; // what the mailbox said last
  window.addEventListener("message", ({ source, data }) => {
    if (source !== window.parent || data?.tandemDemo !== "select") return;
    context.mailbox.userProfile = { displayName: data.user.name, emailAddress: data.user.email };
    context.mailbox.item = shaped(data.item);
    context.officeTheme = { isDarkTheme: data.dark };
    features.openBrowserWindow = data.openBrowserWindow;
    if (data.openBrowserWindow) {
      context.ui.openBrowserWindow = (url) => window.parent.postMessage({ tandemDemo: "opened", url }, "*");
    } else {
      delete context.ui.openBrowserWindow;
    }
    ready();
    const item = JSON.stringify(data.item ?? null);
    if (item !== told.item) fire("olkItemSelectedChanged", { type: "olkItemSelectedChanged" });
    if (data.dark !== told.dark) fire("officeThemeChanged", { officeTheme: context.officeTheme });
    told = { item, dark: data.dark };
  });
  window.parent.postMessage({ tandemDemo: "ready" }, "*");

  // shaped gives an item the properties that Outlook gives it: values where it
  // is read, getAsync where it is written.
  function shaped(item) {
    if (!item) return null;
    const details = (p) => p && { displayName: p.name, emailAddress: p.email, recipientType: "externalUser" };
    const list = (people) => (people ?? []).map(details);
    const later = (value) => ({ getAsync: (...args) => setTimeout(() => args.at(-1)(succeeded(value))) });
    const as = item.mode === "compose" ? later : (value) => value;
    const common = { itemType: item.kind, subject: as(item.subject), addHandlerAsync: addHandler };
    if (item.kind === "appointment") {
      return { ...common, organizer: as(details(item.from)), requiredAttendees: as(list(item.to)), optionalAttendees: as(list(item.cc)) };
    }
    const message = { ...common, from: as(details(item.from)), to: as(list(item.to)), cc: as(list(item.cc)) };
    return item.mode === "compose" ? { ...message, bcc: later([]) } : { ...message, sender: details(item.from) };
  }

  // displayDialogAsync opens a window on the pane's own host, one at a time.
  let open = null;
  function displayDialogAsync(address, options, callback = options) {
    if (new URL(address, location.href).host !== location.host) return callback(failed(12004));
    if (open && !open.closed) return callback(failed(12007));
    const child = window.open(address, "", "popup,width=480,height=640");
    if (!child) return callback(failed(12011));
    open = child;
    const own = new Map();
    const tell = (type, argument) => own.get(type)?.(argument);
    const hear = ({ source, origin, data }) => {
      if (source === child && origin === location.origin && data?.tandemDemo === "message") {
        tell("dialogMessageReceived", { message: data.message, origin });
      }
    };
    const end = () => {
      clearInterval(watch);
      window.removeEventListener("message", hear);
    };
    const watch = setInterval(() => {
      if (!child.closed) return;
      end();
      tell("dialogEventReceived", { error: 12006 });
    }, 250);
    window.addEventListener("message", hear);
    callback(succeeded({
      addEventHandler: (type, handler) => own.set(type, handler),
      close: () => {
        end();
        child.close();
      },
    }));
  }

  // messageParent is what works in the dialog (see above: it returned early).
  function messageParent(message) {
    window.opener?.postMessage({ tandemDemo: "message", message }, location.origin);
  }
})();
