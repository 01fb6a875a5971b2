package rest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tandem/server/contact"
)

// hostile are hosts that lead inside, each written in a way that a check of
// the text alone could miss.
var hostile = []string{
	"127.0.0.1", "127.0.0.1.", "127.1.2.3", "0.0.0.0", "0", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254",
	"192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "198.18.0.1", "198.19.255.255",
	"224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
	"198.51.100.7", "203.0.113.9", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
	"[::ffff:10.0.0.1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[::7f00:1]", "[fe80::1]", "[fe80::1%25lo]",
	"[fe80::1%25eth0]", "[::1%25lo]", "[fc00::1]", "[fd00:ec2::254]", "[fdff::1]", "[64:ff9b::7f00:1]",
	"[64:ff9b::10.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:a00:1::]", "[2001::1]", "[2001:0:7f00:1::]",
	"[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[fec0::1]", "[ff02::1]", "[ff0e::1]", "[100::1]", "localhost",
	"LOCALHOST", "localhost.", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "①②⑦.⓪.⓪.①",
	"127.0.0.1%00.example.com", "127。0。0。1", "user@127.0.0.1", "127.0.0.1\\@example.com", "example.com\t127.0.0.1",
}

// TestHostileURLs sends a request to each hostile host, directly, as a link in
// an answer, and as a redirect: nothing may reach the canary on this machine.
func TestHostileURLs(t *testing.T) {
	var reached atomic.Int32
	canary := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer canary.Close()
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer plain.Close()
	_, securePort, _ := net.SplitHostPort(canary.Listener.Addr().String())
	_, plainPort, _ := net.SplitHostPort(plain.Listener.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()

	if len(hostile) < 60 {
		t.Fatalf("only %d hosts", len(hostile))
	}
	tr := New(Options{})
	cases := 0
	for _, h := range hostile {
		for _, u := range []string{"https://" + h + ":" + securePort + "/", "http://" + h + ":" + plainPort + "/"} {
			for _, way := range []string{"direct", "link", "redirect"} {
				cases++
				err := get(ctx, tr, way, u)
				if err == nil {
					t.Errorf("%s %s: no error", way, u)
					continue
				}
				var e *contact.Error
				if !errors.As(err, &e) || e.Message == "" {
					t.Errorf("%s %s: not a sentence: %v", way, u, err)
				}
				if Sent(err) {
					t.Errorf("%s %s: counted as sent", way, u)
				}
			}
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d of %d requests reached this machine", n, cases)
	}
}

// get asks for u in one of three ways. For a redirect, only the first hop is
// answered by the test, the second by the real network.
func get(ctx context.Context, tr *Transport, way, u string) error {
	base := u
	if way != "direct" {
		base = "https://good.example.com/dav"
	}
	if way == "redirect" {
		location, network := u, tr.wire
		tr = New(Options{Wire: wire(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "good.example.com" {
				return answer(302, "Location", location), nil
			}
			return network.RoundTrip(r)
		})})
		u = ""
	}
	c, err := tr.Client(base, nil, nil)
	if err != nil {
		return err
	}
	_, err = c.Do(ctx, Request{Method: "POST", URL: u})
	if err == nil || way != "direct" {
		_, err = c.Do(ctx, Request{Method: "GET", URL: u})
	}
	return err
}

func TestGuardTable(t *testing.T) {
	g := guard{private: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}}
	for _, tt := range []struct {
		addr          string
		secure, plain bool
	}{
		{"8.8.8.8", true, false},
		{"2606:4700::1111", true, false},
		{"::ffff:8.8.8.8", true, false},
		{"10.1.2.3", true, true},
		{"::ffff:10.1.2.3", true, true},
		{"10.2.0.1", false, false},
		{"fd00::1", true, true},
		{"127.0.0.1", false, false},
	} {
		a := netip.MustParseAddr(tt.addr)
		if err := g.check(a, true); (err == nil) != tt.secure {
			t.Errorf("https %s: %v", tt.addr, err)
		}
		if err := g.check(a, false); (err == nil) != tt.plain {
			t.Errorf("http %s: %v", tt.addr, err)
		}
	}
	if g.check(netip.Addr{}, true) == nil || g.control(true)("tcp", "nonsense", nil) == nil {
		t.Error("what cannot be parsed must be blocked")
	}
	if err := (guard{loopback: true}).check(netip.MustParseAddr("::1"), false); err != nil {
		t.Errorf("loopback allowed: %v", err)
	}
}

func TestBlockedSentence(t *testing.T) {
	c, err := New(Options{}).Client("https://127.0.0.1:9", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Do(t.Context(), Request{})
	if !errors.Is(err, contact.ErrBlocked) || !strings.Contains(err.Error(), "ALLOWED_PRIVATE_NETWORKS") {
		t.Errorf("got %v", err)
	}
}

// wire is a network made of one function.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

func answer(status int, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: http.NoBody}
}

func client(t *testing.T, base string, w wire) *Client {
	t.Helper()
	c, err := New(Options{Wire: w, UserAgent: "Tandem/test"}).Client(base, Basic("ann", "secret"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func describe(r *http.Request) string {
	_, _, auth := r.BasicAuth()
	return fmt.Sprintf("%s %s auth=%v", r.Method, r.URL, auth)
}
