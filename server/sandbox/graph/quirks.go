package graph

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Quirks are what the service does sometimes. The zero value has none.
type Quirks struct {
	// EmptyPages begins every round of a delta query with an empty page.
	EmptyPages bool
	// Replays lists the last record of a page once more on the next one.
	Replays bool
	// RemovedFirst lists what was deleted in a round that begins anew, too.
	RemovedFirst bool
	// SyncStateNotFound answers 400 with that code to a token that is no more;
	// without it, it is 410 with Location.
	SyncStateNotFound bool
	// TrashReadable: what was deleted is still found under its immutable
	// identifier, in Deleted Items.
	TrashReadable bool
	// BatchOf throttles all but the first of so many parts of a batch, as the
	// service may do with its own four at a time. 0 throttles none.
	BatchOf int
	// Silent answers 204 without a body to an update.
	Silent bool
	// IgnoreIfMatch writes whatever If-Match says.
	IgnoreIfMatch bool
	// ForeignLinks puts other hosts into nextLink and deltaLink.
	ForeignLinks string
	// DropNames forgets the names of e-mail addresses and gives the address.
	DropNames bool
}

// Failure makes calls fail, whether they come alone or in a batch.
type Failure struct {
	// Match chooses by method and path below the version ("me/contacts/{id}",
	// with the identifier as it was sent); nil chooses all.
	Match func(method string, path []string) bool
	// Skip lets that many matching calls pass first. Times is how many are hit
	// then: 0 means one.
	Skip, Times int
	// Status, Code and Message are answered.
	Status        int
	Code, Message string
	RetryAfter    time.Duration
	// After lets the call take effect before it is answered so.
	After bool
}

// Fail queues a failure.
func (s *Server) Fail(f Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times = max(f.Times, 1)
	s.failures = append(s.failures, &f)
}

// failure finds the one that hits a call. The caller holds the lock.
func (s *Server) failure(c call) *Failure {
	for i, f := range s.failures {
		if f.Match != nil && !f.Match(c.method, c.path) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times--; f.Times == 0 {
			s.failures = slices.Delete(s.failures, i, i+1)
		}
		return f
	}
	return nil
}

func (f *Failure) reply() reply {
	a := failed(f.Status, f.Code, f.Message)
	if f.RetryAfter > 0 {
		a.header = map[string]string{"Retry-After": strconv.Itoa(int(f.RetryAfter.Seconds()))}
	}
	return a
}

// Writes matches what creates and updates contacts.
func Writes(method string, path []string) bool {
	return (method == http.MethodPost || method == http.MethodPatch) && slices.Contains(path, "contacts")
}
