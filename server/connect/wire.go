package connect

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"tandem/server/rest"
)

// wire lets the OAuth libraries, which want an http.Client, out through the
// guarded transport. Requests are not repeated after a lost reply: a code or a
// rotated refresh token works once.
type wire struct{ transport *rest.Transport }

// RoundTrip implements http.RoundTripper. Redirects are followed by rest, under
// its own rules.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, 1<<20)); err != nil {
			return nil, err
		}
	}
	if w.transport == nil {
		return nil, errors.New("connect: no way out was configured")
	}
	client, err := w.transport.Client(r.URL.String(), nil, nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(r.Context(), rest.Request{
		Method: r.Method, URL: r.URL.String(), Header: r.Header, Body: body, MaxBytes: 1 << 20,
	})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(answer.Status), StatusCode: answer.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.Body)), ContentLength: int64(len(answer.Body)), Request: r,
	}, nil
}
