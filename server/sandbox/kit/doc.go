// Package kit holds what the sandboxes share: in-process servers that behave
// as the documented services do, used behind the demo and behind the adapters'
// tests. It is no part of what a real installation runs.
//
//	OIDC      an OAuth 2 and OpenID Connect provider with a sign-in and a
//	          consent page: NewOIDC(OIDCOptions) is an http.Handler;
//	          Verify(token) checks the opaque access tokens that it gave;
//	          RevokeUser, ExpireAccess and FailNext are for tests, and Walk
//	          goes through its pages as a person with a browser would.
//	Faults    a middleware that makes chosen requests fail in chosen ways and
//	          counts all requests: NewFaults(next, class).
//	Throttle  a middleware that answers 429 beyond a number of requests.
//	People    the page where a visitor sees and edits a sandbox's people:
//	          NewPeople(PeopleOptions) over a Directory.
//	Book      sample people, the same for the same seed: Book(n, seed) gives
//	          two overlapping sets, Sample(n, seed) one.
//	Keep      writes a sandbox's state to a file while it runs; SaveJSON and
//	          LoadJSON do it once.
package kit
