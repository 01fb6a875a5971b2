import test from "node:test";
import assert from "node:assert/strict";
import { kind, LIMIT, mode, peopleOf } from "./people.js";

const anna = { displayName: "Anna Berg", emailAddress: "Anna@example.test" };
const mona = { displayName: "Mona Okafor", emailAddress: "mona@example.net" };
const noor = { displayName: "Noor El-Amin", emailAddress: "noor@example.net" };
const pat = { displayName: "pat@example.org", emailAddress: "pat@example.org" };
const own = ["anna@example.test"];

const later = (value, status = "succeeded") => ({
  getAsync: (...args) => setTimeout(() => args.at(-1)({ status, value })),
});
const names = ({ people }) => people.map((p) => `${p.role}: ${p.name || p.email}`);

test("a message that is read", async () => {
  const item = { itemType: "message", from: mona, sender: noor, to: [anna, pat], cc: [mona] };
  assert.deepEqual(names(await peopleOf(item, own)), ["Sender: Mona Okafor", "Sender: Noor El-Amin", "Recipient: pat@example.org"]);
  assert.equal(mode(item), "read");
  assert.equal(kind(item), "message");
});

test("a message that is written", async () => {
  const item = { itemType: "message", from: later(anna), to: later([mona]), cc: later([]), bcc: later([noor]) };
  assert.deepEqual(names(await peopleOf(item, own)), ["Recipient: Mona Okafor", "Recipient: Noor El-Amin"]);
  assert.equal(mode(item), "compose");
});

test("an event as attendee", async () => {
  const item = { itemType: "appointment", organizer: mona, requiredAttendees: [anna, noor], optionalAttendees: [pat] };
  assert.deepEqual(names(await peopleOf(item, own)), ["Organizer: Mona Okafor", "Attendee: Noor El-Amin", "Attendee: pat@example.org"]);
  assert.equal(kind(item), "appointment");
});

test("an event as organizer", async () => {
  const item = { itemType: "appointment", organizer: later(anna), requiredAttendees: later([mona]), optionalAttendees: later([noor]) };
  assert.deepEqual(names(await peopleOf(item, own)), ["Attendee: Mona Okafor", "Attendee: Noor El-Amin"]);
  assert.equal(mode(item), "compose");
});

test("nothing selected", async () => {
  for (const item of [null, undefined]) {
    assert.deepEqual(await peopleOf(item, own), { people: [], more: 0 });
    assert.equal(kind(item), "none");
    assert.equal(mode(item), "read");
  }
});

test("what cannot be read is nobody", async () => {
  const broken = { getAsync() { throw new Error("not supported"); } };
  const item = { itemType: "message", from: broken, to: later(null, "failed"), cc: [null, {}, { emailAddress: "x500:/o=org" }], bcc: later([mona]) };
  assert.deepEqual(names(await peopleOf(item)), ["Recipient: Mona Okafor"]);
});

test("lists are no people, and many are counted", async () => {
  const to = Array.from({ length: LIMIT + 3 }, (_, i) => ({ displayName: `P${i}`, emailAddress: `p${i}@example.net` }));
  const list = { displayName: "All", emailAddress: "all@example.net", recipientType: "distributionList" };
  const { people, more } = await peopleOf({ from: list, to });
  assert.equal(people.length, LIMIT);
  assert.equal(more, 3);
});
