package carddav

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// line is one property of a card. Raw is what it was written as, its folds and
// line ends included; value is unfolded and still escaped.
type line struct {
	raw, group, name, value string
	params                  map[string][]string // upper-case names, values as written
}

// cardLines are the properties of one card, BEGIN and END among them.
type cardLines []line

// parseCard reads vCard 3.0 and 4.0 (RFC 2426, RFC 6350). It understands what
// it can and keeps the rest.
func parseCard(data string) cardLines {
	var out cardLines
	for raw := range strings.SplitAfterSeq(data, "\n") {
		if raw == "" {
			continue
		}
		if (raw[0] == ' ' || raw[0] == '\t') && len(out) > 0 {
			out[len(out)-1].raw += raw
			continue
		}
		out = append(out, line{raw: raw})
	}
	for i := range out {
		out[i].read()
	}
	return out
}

var unfold = strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "")

func (l *line) read() {
	text := strings.TrimRight(unfold.Replace(l.raw), "\r\n")
	head, value, ok := cutUnquoted(text, ':')
	if !ok {
		return
	}
	l.value = value
	name, rest, more := cutUnquoted(head, ';')
	if group, bare, ok := strings.Cut(name, "."); ok {
		l.group, name = group, bare
	}
	l.name = strings.ToUpper(name)
	l.params = map[string][]string{}
	for more {
		var p string
		p, rest, more = cutUnquoted(rest, ';')
		key, list, ok := strings.Cut(p, "=")
		if !ok { // "TEL;CELL:" of vCard 2.1 and careless writers
			key, list = "TYPE", p
		}
		key = strings.ToUpper(key)
		for v := range strings.SplitSeq(strings.ReplaceAll(list, `"`, ""), ",") {
			l.params[key] = append(l.params[key], v)
		}
	}
}

// cutUnquoted is strings.Cut at the first sep outside quotation marks.
func cutUnquoted(s string, sep byte) (before, after string, found bool) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// is reports whether a TYPE is among the line's, ignoring case.
func (l *line) is(kind string) bool {
	return slices.ContainsFunc(l.params["TYPE"], func(t string) bool { return strings.EqualFold(t, kind) })
}

func (l *line) preferred() bool { return l.is("pref") || slices.Contains(l.params["PREF"], "1") }

// split cuts a structured value at sep and unescapes the parts.
func (l *line) split(sep byte) []string {
	var out []string
	start := 0
	for i := 0; i <= len(l.value); i++ {
		switch {
		case i < len(l.value) && l.value[i] == '\\':
			i++
		case i >= len(l.value) || l.value[i] == sep:
			out = append(out, unescape(l.value[start:min(i, len(l.value))]))
			start = i + 1
		}
	}
	return out
}

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n', 'N':
			b.WriteByte('\n')
		case '\\', ',', ';', ':':
			b.WriteByte(s[i])
		default:
			b.WriteString(s[i-1 : i+1])
		}
	}
	return b.String()
}

var escape = strings.NewReplacer(`\`, `\\`, ",", `\,`, ";", `\;`, "\r\n", `\n`, "\n", `\n`)

// write gives a property as a line, folded at 75 octets (RFC 6350 section 3.2).
func write(head, value string) string {
	rest := head + ":" + value
	var b strings.Builder
	for room := 75; len(rest) > room; room = 74 {
		cut := room
		for !utf8.RuneStart(rest[cut]) {
			cut--
		}
		b.WriteString(rest[:cut] + "\r\n ")
		rest = rest[cut:]
	}
	return b.String() + rest + "\r\n"
}

// valid: one card with a version, nothing before or after.
func (c cardLines) valid() bool {
	count := func(name string) (n int) {
		for _, l := range c {
			if l.name == name {
				n++
			}
		}
		return n
	}
	return len(c) > 2 && c[0].name == "BEGIN" && c[len(c)-1].name == "END" && count("BEGIN") == 1 && count("VERSION") == 1 &&
		strings.EqualFold(c[0].value, "VCARD") && utf8.ValidString(c.String()) && count("") == 0
}

// first is the unescaped text of the first property of that name, or "".
func (c cardLines) first(name string) string {
	for _, l := range c {
		if l.name == name {
			return unescape(l.value)
		}
	}
	return ""
}

// all are the unescaped texts of the properties of that name.
func (c cardLines) all(name string) []string {
	var out []string
	for _, l := range c {
		if l.name == name {
			out = append(out, unescape(l.value))
		}
	}
	return out
}

// String is the card as it was written.
func (c cardLines) String() string {
	var b strings.Builder
	for _, l := range c {
		b.WriteString(l.raw)
	}
	return b.String()
}

// with gives the card with the text of one property set.
func (c cardLines) with(name, text string) string {
	return c.replace(name, []string{write(name, escape.Replace(text))}).String()
}

// replace puts written lines in the place of all properties of that name.
// Labels that belonged to those alone, by their group, go with them.
func (c cardLines) replace(name string, written []string) cardLines {
	fresh := parseCard(strings.Join(written, ""))
	at := slices.IndexFunc(c, func(l line) bool { return l.name == name })
	if at < 0 {
		at = max(0, len(c)-1) // before END
	}
	out := append(slices.Clone(c[:at]), fresh...)
	for _, l := range c[at:] {
		if l.name != name {
			out = append(out, l)
		}
	}
	return slices.DeleteFunc(out, func(l line) bool {
		return l.name == "X-ABLABEL" && !slices.ContainsFunc(out, func(o line) bool { return o.group == l.group && o.name != l.name })
	})
}

// altered is the card as a server would write it that makes up its own: sorted
// and with the time of the change.
func (c cardLines) altered(now time.Time) string {
	out := parseCard(c.with("REV", now.UTC().Format("2006-01-02T15:04:05Z")))
	if len(out) > 3 {
		slices.SortStableFunc(out[2:len(out)-1], func(x, y line) int { return strings.Compare(x.name, y.name) })
	}
	return out.String()
}
