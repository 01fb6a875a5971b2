package carddav

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// foldAt is the longest physical line in octets, its end not counted (RFC 6350
// section 3.2).
const foldAt = 75

// compose makes a line anew after its value or parameters changed. value is
// escaped already; it is written plainly and in UTF-8, whatever it was before.
func (c *card) compose(l *line, value string) {
	var b strings.Builder
	b.WriteString(l.label)
	for _, p := range l.params {
		if !p.transfer() {
			b.WriteString(";" + p.raw)
		}
	}
	var raw string
	if c.version == "2.1" {
		raw = quote(b.String(), value, c.eol)
	} else {
		raw = fold(b.String()+":"+value, c.eol)
	}
	*l, _ = nextLine(raw+c.eol, c.version == "2.1")
	c.touched = true
}

// transfer reports whether a parameter says how the value is encoded.
func (p param) transfer() bool {
	if p.name == "" && len(p.values) == 1 {
		v := strings.ToUpper(p.values[0])
		return v == "QUOTED-PRINTABLE" || v == "BASE64"
	}
	return p.name == "ENCODING" || p.name == "CHARSET"
}

// fold breaks a content line into physical lines, never inside a rune.
func fold(s, eol string) string {
	if len(s) <= foldAt {
		return s
	}
	var b strings.Builder
	room := foldAt
	for len(s) > room {
		cut := room
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		if cut == 0 {
			cut = room
		}
		b.WriteString(s[:cut] + eol + " ")
		s, room = s[cut:], foldAt-1
	}
	b.WriteString(s)
	return b.String()
}

func needsQuote(value string) bool {
	for i := range len(value) {
		if value[i] < 0x20 || value[i] >= 0x7f {
			return true
		}
	}
	return false
}

// quote writes a line of version 2.1: as it is where it is short and plain
// ASCII, else in quoted-printable, which alone can break lines there.
func quote(head, value, eol string) string {
	if !needsQuote(value) && len(head)+1+len(value) <= foldAt {
		return head + ":" + value
	}
	head += ";CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:"
	var b strings.Builder
	b.WriteString(head)
	column := len(head)
	for i := range len(value) {
		piece := quotedByte(value[i])
		if column+len(piece) > foldAt-1 {
			b.WriteString("=" + eol)
			if column = 0; piece == " " {
				piece = "=20" // not to be taken for a fold
			}
		}
		b.WriteString(piece)
		column += len(piece)
	}
	return b.String()
}

func quotedByte(c byte) string {
	switch {
	case c == '\n':
		return "=0D=0A"
	case c == '=' || c < 0x20 || c >= 0x7f:
		return fmt.Sprintf("=%02X", c)
	}
	return string(rune(c))
}
