package carddav

import (
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// param finds a parameter by name.
func (l *line) param(name string) *param {
	for i := range l.params {
		if l.params[i].name == name {
			return &l.params[i]
		}
	}
	return nil
}

func (l *line) paramValue(name string) string {
	if p := l.param(name); p != nil && len(p.values) > 0 {
		return p.values[0]
	}
	return ""
}

// has reports whether the line is of a type (TYPE=HOME, type="home,voice", or
// the bare HOME of version 2.1), in lower case.
func (l *line) has(types ...string) bool {
	for _, p := range l.params {
		if p.name != "TYPE" && p.name != "" {
			continue
		}
		for _, v := range p.values {
			for _, t := range types {
				if strings.EqualFold(strings.TrimSpace(v), t) {
					return true
				}
			}
		}
	}
	return false
}

// rank tells how much a line is preferred: 1 is most, 101 not at all.
func (l *line) rank() int {
	if n, err := strconv.Atoi(l.paramValue("PREF")); err == nil && n >= 1 && n <= 100 {
		return n
	}
	if l.has("pref") || l.param("PREF") != nil {
		return 1
	}
	return 101
}

func (l *line) quotedPrintable() bool {
	return strings.EqualFold(l.paramValue("ENCODING"), "QUOTED-PRINTABLE") || l.has("quoted-printable")
}

// decoded is the value without transfer encoding and in UTF-8, still escaped.
func (l *line) decoded() string {
	v := l.value
	encoding := l.paramValue("ENCODING")
	switch {
	case l.quotedPrintable():
		if b, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(v))); err == nil {
			v = string(b)
		}
	case strings.EqualFold(encoding, "BASE64"), strings.EqualFold(encoding, "B"), l.has("base64"):
		if b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(v), "")); err == nil {
			v = string(b)
		}
	}
	charset := l.paramValue("CHARSET")
	if charset == "" && !utf8.ValidString(v) {
		charset = "windows-1252"
	}
	if charset != "" && !strings.EqualFold(charset, "UTF-8") {
		if enc, err := htmlindex.Get(charset); err == nil {
			if s, err := enc.NewDecoder().String(v); err == nil {
				v = s
			}
		}
	}
	return strings.ToValidUTF8(v, "\ufffd")
}

// text is the value as one text.
func (l *line) text(version string) string { return clean(unescape(l.decoded(), version)) }

// parts are the components of a structured value (N, ORG, ADR), each as one
// text. A list inside a component is read as people write it.
func (l *line) parts(version string) []string {
	raw := splitEscaped(l.decoded(), ';')
	out := make([]string, len(raw))
	for i, r := range raw {
		out[i] = listText(r, version)
	}
	return out
}

// listText reads a list of texts as one, since unescaped commas are more often
// meant as such. Version 2.1 has no lists.
func listText(raw, version string) string {
	if version == "2.1" {
		return clean(unescape(raw, version))
	}
	var items []string
	for _, item := range splitEscaped(raw, ',') {
		if s := clean(unescape(item, version)); s != "" {
			items = append(items, s)
		}
	}
	return strings.Join(items, ", ")
}

// splitEscaped cuts s at each sep that no backslash stands before.
func splitEscaped(s string, sep byte) []string {
	var out []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// unescape reads \n, \, \; \: and \\ (RFC 6350 section 3.4). Version 2.1 has no
// \n: there a backslash before n is a backslash.
func unescape(s, version string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		switch next := s[i+1]; {
		case next == ',' || next == ';' || next == ':' || next == '\\':
			b.WriteByte(next)
			i++
		case (next == 'n' || next == 'N') && version != "2.1":
			b.WriteByte('\n')
			i++
		default:
			b.WriteByte('\\')
		}
	}
	return b.String()
}

// escape writes a text so that it is one value and can never end its line.
func escape(s, version string) string {
	s = clean(s)
	if version == "2.1" {
		return strings.NewReplacer(`\`, `\\`, ";", `\;`).Replace(s)
	}
	return escaper.Replace(s)
}

var escaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, ",", `\,`, ";", `\;`)

// clean is s without what no card and no XML answer can carry: control
// characters and non-characters are dropped, line ends become "\n", and white
// space around the text goes.
func clean(s string) string {
	plain := true
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return strings.Trim(s, " ")
	}
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, "\ufffd"))
	s = strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff || r == 0xfeff {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// single is clean for texts of one line.
func single(s string) string {
	s = clean(s)
	if strings.IndexByte(s, '\n') < 0 {
		return s
	}
	return strings.TrimSpace(strings.ReplaceAll(s, "\n", " "))
}
