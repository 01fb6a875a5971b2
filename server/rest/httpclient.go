package rest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"
)

// signInMax caps what is read from and sent to a sign-in service.
const signInMax = 1 << 20

// HTTPClient lets libraries that want an http.Client, such as those for OAuth
// and OpenID Connect, out through the same guard. Requests are not repeated
// after a lost reply: a code or a rotated refresh token works once. Each call
// takes limit at most. A nil Transport gives a client that refuses everything.
func (t *Transport) HTTPClient(limit time.Duration) *http.Client {
	return &http.Client{Transport: tripper{t}, Timeout: limit}
}

// tripper is a Transport as an http.RoundTripper.
type tripper struct{ transport *Transport }

// RoundTrip implements http.RoundTripper. Redirects are followed under our own
// rules before the answer is given.
func (w tripper) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, signInMax)); err != nil {
			return nil, err
		}
	}
	if w.transport == nil {
		return nil, errors.New("rest: no way out was configured")
	}
	client, err := w.transport.Client(r.URL.String(), nil, nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(r.Context(), Request{
		Method: r.Method, URL: r.URL.String(), Header: r.Header, Body: body, MaxBytes: signInMax,
	})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(answer.Status), StatusCode: answer.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.Body)), ContentLength: int64(len(answer.Body)), Request: r,
	}, nil
}
