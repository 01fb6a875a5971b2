// Package carddav is a CardDAV server in memory: WebDAV as far as address
// books need it (RFC 4918, extended MKCOL of RFC 5689, current-user-principal
// of RFC 5397), CardDAV (RFC 6352), collection synchronisation (RFC 6578) and
// the well-known address (RFC 6764). It stands behind the demo and behind the
// tests of the CardDAV adapter, with which it shares no code.
//
// Cards are kept byte for byte as they were sent and given back in the version
// of vCard in which they were sent, as Radicale does. What real servers do
// wrong is switched on by Quirks.
//
//	s := carddav.New(carddav.Options{Prefix: "/dav", Users: []carddav.User{{
//		Name: "ada@example.test", Password: "secret",
//		Books: []carddav.Book{{Slug: "contacts", Name: "Contacts"}}}}})
//	mux.Handle("/dav/", s)
//	mux.Handle("/.well-known/carddav", s)
//
//	s.Seed(user, book, contacts)      // sample people
//	s.Put(user, book, name, card)     // what a person with another program would
//	s.Edit(user, book, name, change)  // do behind the client's back: Put, Edit,
//	s.Remove(user, book, name)        // Remove; Cards shows what there is
//	s.ExpireTokens(user, book)        // all sync tokens given so far become invalid
//	s.SetQuirks(q)                    // misbehave from now on
//	s.Requests(), s.ResetRequests()   // counts by kind, "REPORT sync-collection"
//	s.People(user, book)              // kit.Directory for kit.NewPeople
//	s.Save(file), s.Load(file), s.Changes() // for kit.Keep
package carddav
