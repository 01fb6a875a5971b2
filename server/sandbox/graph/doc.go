// Package graph is the part of Microsoft Graph v1.0 that deals with a person's
// Outlook contacts, in memory: /me, /me/contacts, /me/contactFolders, their
// delta functions, single-value extended properties and $batch. It stands
// behind the demo and behind the tests of the adapter, with which it shares no
// code.
//
// It does what the documentation and the reports of other clients say that the
// service does with what it is sent: names of e-mail addresses are replaced, a
// display name that is not sent is made anew, a birthday comes back one minute
// before noon, a fourth e-mail is refused, identifiers depend on the Prefer
// header, four requests run at a time and ten thousand in ten minutes. What it
// does only sometimes is switched on by Quirks.
//
//	s := graph.New(graph.Options{Prefix: "/microsoft", Users: []graph.User{{Name: "ann"}}, Bearer: verify})
//	mux.Handle("/microsoft/v1.0/", s)
//
//	s.Seed(user, people)                 // sample people
//	s.Put(user, c), s.Edit(user, id, f)  // what a person does in Outlook, behind
//	s.Remove(user, id), s.Move(…)        // the client's back
//	s.Set(user, id, property, value)     // any property of Graph's
//	s.ExpireTokens(user)                 // all delta tokens become invalid
//	s.Fail(graph.Failure{…})             // the next matching request fails
//	s.Requests(), s.Throttled()          // counts; parts of a batch apart
//	s.People(user)                       // kit.Directory for kit.NewPeople
//	s.Save(file), s.Load(file)           // for kit.Keep
//
// Authority puts a kit.OIDC at the addresses of Microsoft Entra.
//
// What it is stricter in than the service: properties that a contact does not
// have are refused, so that typing errors show.
package graph
