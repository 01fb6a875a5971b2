// Package people is a server in memory that speaks the subset of Google's
// People API (v1) which a sync of contacts needs: people.connections.list with
// sync tokens, get, batchGet, create, update and delete of contacts one by one
// and in batches, and contact groups. It stands behind the demo and behind the
// tests of the Google adapter, with which it shares no code.
//
// What the discovery document promises holds here: tokens live 7 days from the
// full reading, all parameters must be those of the first call, deletions are
// told by tokens only, a masked field is replaced whole, the etag of the
// contact's source guards every update, a contact has at least one group. What
// the service does badly, or leaves open, is switched on by Quirks.
//
//	s := people.New(people.Options{Prefix: "/google", Users: []people.User{
//		{Subject: "1001", Email: "ada@example.test", Name: "Ada"}}, Bearer: bearer})
//	mux.Handle("/google/v1/", s)
//
//	s.Seed(user, contacts)             // sample people
//	s.Edit(user, id, change)           // what a person in Google Contacts would do
//	s.Set(user, id, field, entries)    // the same, in the API's own words
//	s.Remove(user, id)                 // and Merge(user, from, into)
//	s.Rename(user, id)                 // a profile was linked: another resource name
//	s.Ungroup(user, id)                // it becomes an "other contact" and vanishes
//	s.Raw(user, id), s.IDs(user)       // what there is
//	s.ExpireTokens(user)               // all tokens given so far become invalid
//	s.SetQuirks(q)                     // misbehave from now on
//	s.Requests(), s.ResetRequests()    // counts by method, "people.connections.list"
//	s.People(user)                     // kit.Directory for kit.NewPeople
//	s.Save(file), s.Load(file), s.Changes() // for kit.Keep
//
// A user is named by Subject. An id is that of the contact's source, of which
// the resource name is people/c and the same number in decimal.
package people
