package davtest

import (
	"strings"
	"testing"
)

// TestServers starts each server and stores a card.
func TestServers(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *Server{"radicale": Radicale, "xandikos": Xandikos, "cyrus": Cyrus} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			other := s
			if name != "xandikos" {
				other = start(t)
			}
			status, _ := s.Do(t, "PROPFIND", s.Book, "", map[string][]string{"Depth": {"0"}})
			if status != 207 {
				t.Fatalf("PROPFIND: %d", status)
			}
			s.Put(t, "x.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:x\r\nN:Doe;Jane;;;\r\nFN:Jane Doe\r\nEND:VCARD\r\n")
			if got := s.Get(t, "x.vcf"); !strings.Contains(got, "FN:Jane Doe") {
				t.Errorf("got %q", got)
			}
			if got := other.Get(t, "x.vcf"); s != other && got != "" {
				t.Error("two accounts share an address book")
			}
			s.Delete(t, "x.vcf")
			if got := s.Get(t, "x.vcf"); got != "" {
				t.Errorf("after the deletion: %q", got)
			}
		})
	}
}
