package rest

import (
	"fmt"
	"net/netip"
	"syscall"
)

// reserved are networks that IsGlobalUnicast lets pass but that are no public
// destination: shared and documentation space, benchmarks, and the ways of
// writing an IPv4 address inside an IPv6 one (RFC 6890, IANA special registries).
var reserved = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
	"2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

// blocked says that an address was not dialled, and why.
type blocked struct {
	addr  netip.Addr
	plain bool // a public address, but by http
}

func (b *blocked) Error() string {
	if b.plain {
		return fmt.Sprintf("plain http to the public address %s", b.addr)
	}
	return fmt.Sprintf("the address %s is not public", b.addr)
}

// guard decides which resolved addresses may be dialled.
type guard struct {
	private  []netip.Prefix
	loopback bool
}

// control makes the net.Dialer.Control of a transport. It runs at each dial on
// the resolved address, so that redirects and DNS answers that change between
// a check and its use are covered.
func (g guard) control(secure bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return &blocked{}
		}
		return g.check(ap.Addr(), secure)
	}
}

func (g guard) check(addr netip.Addr, secure bool) error {
	a := addr.Unmap().WithZone("")
	if !a.IsValid() {
		return &blocked{addr: addr}
	}
	if g.loopback && a.IsLoopback() || contains(g.private, a) {
		return nil
	}
	if !public(a) {
		return &blocked{addr: addr}
	}
	if !secure {
		return &blocked{addr: addr, plain: true}
	}
	return nil
}

func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !a.IsLoopback() &&
		!a.IsLinkLocalUnicast() && !a.IsMulticast() && !contains(reserved, a)
}

func contains(ps []netip.Prefix, a netip.Addr) bool {
	for _, p := range ps {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func prefixes(texts ...string) []netip.Prefix {
	ps := make([]netip.Prefix, len(texts))
	for i, s := range texts {
		ps[i] = netip.MustParsePrefix(s)
	}
	return ps
}
