package carddav_test

import (
	"net/http"
	"strings"
	"testing"

	"tandem/server/sandbox/carddav"
	"tandem/server/sandbox/kit"
)

// A client that asks the next thing before it has read the last answer is served.
func TestUnreadAnswerBlocksNobody(t *testing.T) {
	s := start(t, carddav.Quirks{})
	_, people := kit.Book(3000, 1)
	s.Seed(me, "contacts", people)
	ask := func() *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), "PROPFIND", s.url+bookURL, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(me, "secret")
		r.Header.Set("Depth", "1")
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	unread := ask()
	defer unread.Body.Close()
	next := ask()
	defer next.Body.Close()
	if next.StatusCode != http.StatusMultiStatus {
		t.Error(next.StatusCode)
	}
}
