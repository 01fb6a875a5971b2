package rest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/server/contact"
)

func local(t *testing.T, base string) *Client {
	t.Helper()
	c, err := New(Options{AllowLoopback: true}).Client(base, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestNetworkErrors makes real failures and reads their sentences.
func TestNetworkErrors(t *testing.T) {
	dead, _ := net.Listen("tcp", "127.0.0.1:0")
	deadAddr := dead.Addr().String()
	dead.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	plain.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	selfSigned := httptest.NewUnstartedServer(http.NotFoundHandler())
	selfSigned.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	selfSigned.StartTLS()
	defer selfSigned.Close()
	cut, _ := net.Listen("tcp", "127.0.0.1:0")
	defer cut.Close()
	go func() {
		for {
			conn, err := cut.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadAtLeast(conn, make([]byte, 64), 1)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			conn.Close()
		}
	}()
	for _, tt := range []struct {
		name, url, text string
		kind            error
		sent            bool
	}{
		{"refused", "http://" + deadAddr, "refuses connections", contact.ErrUnreachable, false},
		{"no https", strings.Replace(plain.URL, "http:", "https:", 1), "does not speak https", contact.ErrUnreachable, false},
		{"self-signed", selfSigned.URL, "not signed by an authority", contact.ErrCertificate, false},
		{"cut", "http://" + cut.Addr().String(), "broke off", contact.ErrUnreachable, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := local(t, tt.url).Do(t.Context(), Request{Method: "POST"})
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.text) || Sent(err) != tt.sent {
				t.Errorf("%v, sent %v (%v)", err, Sent(err), errors.Unwrap(err))
			}
		})
	}
}

// TestCertificates checks the sentences for certificates that are expired or
// made out for another name.
func TestCertificates(t *testing.T) {
	for _, tt := range []struct {
		name, host, text string
		until            time.Duration
	}{
		{"expired", "127.0.0.1", "has expired", -time.Hour},
		{"wrong name", "other.example.com", "not made out for", time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cert, pool := certificate(t, tt.host, tt.until)
			s := httptest.NewUnstartedServer(http.NotFoundHandler())
			s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
			s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
			s.StartTLS()
			defer s.Close()
			c := local(t, s.URL)
			c.transport.wire.(byScheme).secure.TLSClientConfig.RootCAs = pool
			_, err := c.Do(t.Context(), Request{})
			if !errors.Is(err, contact.ErrCertificate) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%v (%v)", err, errors.Unwrap(err))
			}
		})
	}
}

func certificate(t *testing.T, host string, until time.Duration) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(until), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	if ip := net.ParseIP(host); ip != nil {
		tmpl.IPAddresses = []net.IP{ip}
	} else {
		tmpl.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestCaps(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			zeros := make([]byte, 1<<20)
			for range 64 {
				_, _ = z.Write(zeros)
			}
			z.Close()
		case "/headers":
			w.Header().Set("X-Big", strings.Repeat("x", 128<<10))
		default:
			_, _ = w.Write(bytes.Repeat([]byte("x"), 1000))
		}
	}))
	defer s.Close()
	c := local(t, s.URL)
	for _, path := range []string{"/bomb", "/headers"} {
		if _, err := c.Do(t.Context(), Request{URL: path}); !errors.Is(err, contact.ErrProtocol) || !strings.Contains(err.Error(), "larger") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if res, err := c.Do(t.Context(), Request{URL: "/", MaxBytes: 1000}); err != nil || len(res.Body) != 1000 {
		t.Errorf("exactly the cap: %v", err)
	}
	if _, err := c.Do(t.Context(), Request{URL: "/", MaxBytes: 999}); !errors.Is(err, contact.ErrProtocol) {
		t.Errorf("over the cap: %v", err)
	}
}

func TestCancelled(t *testing.T) {
	inside := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(inside)
		<-r.Context().Done()
	}))
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-inside; cancel() }()
	_, err := local(t, s.URL).Do(ctx, Request{Method: "POST", Body: []byte("x")})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, contact.ErrUnreachable) || !Sent(err) {
		t.Errorf("%v, sent %v", err, Sent(err))
	}
}

// TestLog: the log names method, host and status and never a path, a header
// or a body.
func TestLog(t *testing.T) {
	var buf syncBuffer
	log := slog.New(slog.NewJSONHandler(&buf, &slog.HandlerOptions{Level: slog.LevelDebug}))
	tr := New(Options{Log: log, Wire: wire(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/broken-canary" {
			return nil, errors.New("GET https://h/broken-canary: boom canary")
		}
		return answer(200), nil
	})})
	c, _ := tr.Client("https://h/", Basic("ann", "canary"), nil)
	for _, u := range []string{"/path-canary?token=canary", "/broken-canary"} {
		_, _ = c.Do(t.Context(), Request{Method: "POST", URL: u, Body: []byte("canary"), Header: http.Header{"X-Key": {"canary"}}})
	}
	if out := buf.String(); strings.Contains(out, "canary") || !strings.Contains(out, `"method":"POST"`) || !strings.Contains(out, `"host":"h"`) || !strings.Contains(out, `"status":200`) {
		t.Errorf("log:\n%s", out)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *syncBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

func TestJSON(t *testing.T) {
	body, contentType, status := "", "", 200
	c := client(t, "https://h/", func(r *http.Request) (*http.Response, error) {
		a := answer(status, "Content-Type", contentType)
		a.Body = io.NopCloser(strings.NewReader(body))
		return a, nil
	})
	for _, tt := range []struct {
		name, body, contentType string
		status                  int
		kind                    error
		want                    string
	}{
		{"data", `{"a":"b"}`, "application/json", 200, nil, "b"},
		{"empty", "", "", 204, nil, ""},
		{"page", "<!DOCTYPE html><p>", "text/plain", 200, contact.ErrBaseURL, ""},
		{"page by type", "hello", "text/html; charset=utf-8", 200, contact.ErrBaseURL, ""},
		{"broken", `{"a":`, "application/json", 200, contact.ErrProtocol, ""},
		{"refused", `no`, "text/html", 404, nil, ""},
	} {
		body, contentType, status = tt.body, tt.contentType, tt.status
		var out struct{ A string }
		res, err := JSON(t.Context(), c, Request{Method: "POST", URL: "x"}, map[string]string{"q": "1"}, &out)
		if tt.kind == nil && err != nil || tt.kind != nil && !errors.Is(err, tt.kind) || out.A != tt.want || res.Status != tt.status {
			t.Errorf("%s: %v %v", tt.name, out, err)
		}
	}
}
