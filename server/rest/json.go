package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"tandem/server/contact"
)

var errWebPage = errors.New("the answer is a web page")

// JSON sends r with in as its body, where in is not nil, and reads a successful
// answer into out, where out is not nil and the answer is not empty. Answers
// of other status are returned without an error, for the adapter to judge. A
// web page in place of data is ErrBaseURL, anything else unreadable ErrProtocol.
func JSON(ctx context.Context, d Doer, r Request, in, out any) (*Response, error) {
	header := http.Header{"Accept": {"application/json"}}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return nil, &contact.Error{Kind: contact.ErrProtocol, Cause: err}
		}
		r.Body = body
		header.Set("Content-Type", "application/json")
	}
	for k, v := range r.Header {
		header[http.CanonicalHeaderKey(k)] = v
	}
	r.Header = header
	res, err := d.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	if out == nil || !res.OK() || len(bytes.TrimSpace(res.Body)) == 0 {
		return res, nil
	}
	if WebPage(res) {
		return res, &contact.Error{Kind: contact.ErrBaseURL, Field: "url", Cause: errWebPage,
			Message: "This address answers with a web page, not with data. Check the address."}
	}
	if err := json.Unmarshal(res.Body, out); err != nil {
		return res, &contact.Error{Kind: contact.ErrProtocol, Cause: err,
			Message: "The answer of " + res.URL.Hostname() + " could not be understood."}
	}
	return res, nil
}

// WebPage reports whether an answer is a page for people: a sign-in form, a
// proxy's notice, or another product.
func WebPage(r *Response) bool {
	if strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "text/html") {
		return true
	}
	start := bytes.ToLower(bytes.TrimSpace(r.Body[:min(len(r.Body), 512)]))
	return bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}
