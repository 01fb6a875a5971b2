// Drives the sandbox with Microsoft's own JavaScript client. It is read from
// standard input by node, in the folder where the client is installed, and
// writes what it found as one JSON object.
import graph from "@microsoft/microsoft-graph-client";

const { Client, PageIterator, BatchRequestContent, BatchResponseContent } = graph;
const [base, token] = process.argv.slice(2);
const client = Client.init({
  baseUrl: `${base}/`,
  customHosts: new Set([new URL(base).hostname]),
  authProvider: (done) => done(null, token),
});
const immutable = { Prefer: 'IdType="ImmutableId"' };
const marker = "String {66F5A359-4659-4830-9070-00047EC6AC6E} Name Test";
const out = {};
const refused = async (promise) => {
  try {
    await promise;
    return "no error";
  } catch (e) {
    return `${e.statusCode} ${e.code}`;
  }
};

out.me = (await client.api("/me").select("displayName,mail").get()).displayName;

const ann = await client.api("/me/contacts").headers(immutable).post({
  givenName: "Ann", surname: "Miller", birthday: "1985-03-04T00:00:00Z",
  emailAddresses: [{ address: "ann@example.com", name: "Ann" }, { address: "boss@contoso.example", name: "X" }],
  businessAddress: {}, nickName: "",
  singleValueExtendedProperties: [{ id: marker, value: "m-1" }],
});
out.created = [ann.displayName, ann.fileAs, ann.birthday, ann.nickName, ann.businessAddress, ann.emailAddresses.map((e) => e.name)];
const one = `/me/contacts/${ann.id}`;
out.regularID = (await client.api("/me/contacts").get()).value[0].id !== ann.id;

const filter = `singleValueExtendedProperties/Any(ep: ep/id eq '${marker}' and ep/value eq 'M-1')`;
const expand = `singleValueExtendedProperties($filter=id eq '${marker}')`;
const found = await client.api("/me/contacts").headers(immutable).filter(filter).expand(expand).get();
out.byMarker = [found.value.length, found.value[0].id === ann.id, found.value[0].singleValueExtendedProperties[0].value];
out.byEmail = (await client.api("/me/contacts").filter("emailAddresses/any(a:a/address eq 'ANN@example.com')").get()).value.length;

const patched = await client.api(one).headers({ ...immutable, "If-Match": ann["@odata.etag"] }).patch({ surname: "Baker" });
out.patched = [patched.displayName, patched.id === ann.id, patched["@odata.etag"] !== ann["@odata.etag"]];
out.stale = await refused(client.api(one).header("If-Match", ann["@odata.etag"]).patch({ surname: "Cole" }));
out.four = await refused(client.api("/me/contacts").post({ emailAddresses: ["a", "b", "c", "d"].map((n) => ({ address: `${n}@example.com` })) }));
out.three = await refused(client.api(one).patch({ businessPhones: ["1", "2", "3"] }));
out.typo = await refused(client.api(one).patch({ gvenName: "x" }));
out.expandDelta = await refused(client.api("/me/contacts/delta").expand("singleValueExtendedProperties").get());

// Twenty more by one batch, in the client's own classes.
const steps = [];
for (let i = 0; i < 20; i++) {
  const request = new Request(`${base}/v1.0/me/contacts`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ givenName: `Number ${i}` }),
  });
  steps.push({ id: String(i), request });
}
const content = await new BatchRequestContent(steps).getContent();
content.requests.forEach((r) => (r.url = "/me/contacts"));
const answer = new BatchResponseContent(await client.api("/$batch").post(content));
out.batch = [...answer.getResponses().values()].map((r) => r.status).filter((s) => s === 201).length;

// A chain whose first step fails.
const chain = await client.api("/$batch").post({
  requests: [
    { id: "1", method: "GET", url: "/me/contacts/nobody" },
    { id: "2", method: "GET", url: "/me", dependsOn: ["1"] },
  ],
});
out.chain = chain.responses.sort((a, b) => a.id - b.id).map((r) => r.status);

// A whole round of the delta query by the client's iterator, then the rest.
const round = async (first) => {
  const seen = [];
  const iterator = new PageIterator(client, first, (item) => seen.push(item) > 0, { headers: immutable });
  await iterator.iterate();
  return { seen, link: iterator.getDeltaLink() };
};
const prefer = { Prefer: 'odata.maxpagesize=8, IdType="ImmutableId"' };
const all = await round(await client.api("/me/contacts/delta").headers(prefer).select("displayName").get());
out.delta = [all.seen.length, all.seen[0].id === ann.id, "surname" in all.seen[0]];
await client.api(one).delete();
out.deleted = await refused(client.api(one).get());
const after = await round(await client.api(all.link).headers(immutable).get());
out.removed = after.seen.map((c) => [c.id === ann.id, c["@removed"]?.reason]);
out.gone = await refused(client.api(after.link.replace(/deltatoken=.*/, "deltatoken=" + "e30")).get());

const folder = await client.api("/me/contactFolders").post({ displayName: "CRM Contacts" });
await client.api(`/me/contactFolders/${folder.id}/contacts`).post({ givenName: "Eve" });
out.folders = [
  (await client.api("/me/contactFolders").get()).value.map((f) => f.displayName),
  (await client.api(`/me/contactFolders/${folder.id}/contacts`).get()).value.length,
  (await client.api("/me/contacts").top(100).get()).value.length,
];
console.log(JSON.stringify(out));
