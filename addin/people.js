// Who an item is about: one adapter for all four surfaces of Outlook. A property
// holds its value at once (reading) or is asked for it (composing): what counts
// is whether it has getAsync.

// ROLES lists the properties of every kind of item, the most telling first: a
// person who appears twice keeps the first role.
const ROLES = [
  ["from", "Sender"],
  ["sender", "Sender"],
  ["organizer", "Organizer"],
  ["to", "Recipient"],
  ["requiredAttendees", "Attendee"],
  ["cc", "Recipient"],
  ["optionalAttendees", "Attendee"],
  ["bcc", "Recipient"],
];

// LIMIT is how many people are looked up; the rest are counted.
export const LIMIT = 20;

// read gives the value of a property, whichever way it is had. What cannot be
// read (an older Outlook, a missing permission) is nobody.
export function read(property) {
  if (typeof property?.getAsync !== "function") return Promise.resolve(property ?? null);
  return new Promise((resolve) => {
    try {
      property.getAsync((result) => resolve(result?.status === "succeeded" ? result.value : null));
    } catch {
      resolve(null);
    }
  });
}

// kind of an item: "message", "appointment", or "none" where nothing or
// several items are selected.
export function kind(item) {
  if (!item) return "none";
  return item.itemType === "appointment" ? "appointment" : "message";
}

// mode is "compose" where the user writes the item, else "read".
export function mode(item) {
  const asked = item?.to ?? item?.requiredAttendees;
  return typeof asked?.getAsync === "function" ? "compose" : "read";
}

// peopleOf gives {people: [{name, email, role}], more}: everybody of the item
// but the user themself, each once, at most LIMIT. own are the user's addresses.
export async function peopleOf(item, own = []) {
  if (!item) return { people: [], more: 0 };
  const values = await Promise.all(ROLES.map(([property]) => read(item[property])));
  const seen = new Set(own.map(fold));
  const people = [];
  ROLES.forEach(([, role], i) => {
    for (const person of [values[i]].flat()) {
      const email = (person?.emailAddress ?? "").trim();
      if (!email.includes("@") || person.recipientType === "distributionList" || seen.has(fold(email))) continue;
      seen.add(fold(email));
      const name = (person.displayName ?? "").trim();
      people.push({ name: fold(name) === fold(email) ? "" : name, email, role });
    }
  });
  return { people: people.slice(0, LIMIT), more: Math.max(0, people.length - LIMIT) };
}

function fold(text) {
  return String(text ?? "").trim().toLowerCase();
}
