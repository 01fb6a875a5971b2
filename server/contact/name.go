package contact

import "strings"

// Text is the name as one text: Given, Given2 and Surname joined, or Full
// where no component is known. Title and Generation are left out, because
// systems with one name field rarely carry them.
func (n Name) Text() string {
	parts := join(n.Given, n.Given2, n.Surname)
	if parts == "" {
		return strings.Join(strings.Fields(n.Full), " ")
	}
	return parts
}

// Display is the name as people read it, Title and Generation included.
func (n Name) Display() string {
	if join(n.Given, n.Given2, n.Surname) == "" {
		return n.Text()
	}
	return join(n.Title, n.Given, n.Given2, n.Surname, n.Generation)
}

// Split divides one text into components, given the components the target has
// now. Components that the text still contains stay where they are; what is
// new is cut at its spaces: the last word is the surname, the first one the
// given name, the rest the middle name; a single word is a surname. "Miller,
// Ann" is read as surname and given name. Title and Generation of old are kept,
// and a text that says what old says already changes nothing.
func Split(text string, old Name) Name {
	old.Full = ""
	n := Name{Title: old.Title, Generation: old.Generation}
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return n
	}
	if text == old.Text() {
		return old
	}
	if surname, given, ok := strings.Cut(text, ","); ok && surname != "" {
		given = strings.TrimSpace(given)
		if isSuffix(given) { // "Ann Miller, Jr." is one name in its usual order
			text = strings.TrimSpace(surname)
			n.Generation = given
		} else if given != "" {
			n.Surname = strings.TrimSpace(surname)
			n.Given, n.Given2 = splitGiven(given, old)
			return n
		}
	}
	if s := join(old.Surname); s != "" {
		if text == s {
			n.Surname = old.Surname
			return n
		}
		if rest, ok := strings.CutSuffix(text, " "+s); ok {
			n.Surname = old.Surname
			n.Given, n.Given2 = splitGiven(rest, old)
			return n
		}
	}
	if given := join(old.Given, old.Given2); given != "" {
		if rest, ok := strings.CutPrefix(text, given+" "); ok {
			n.Given, n.Given2, n.Surname = old.Given, old.Given2, rest
			return n
		}
	}
	i := strings.LastIndexByte(text, ' ')
	if i < 0 {
		n.Surname = text
		return n
	}
	n.Surname = text[i+1:]
	n.Given, n.Given2 = splitGiven(text[:i], Name{})
	return n
}

// isSuffix knows the generations and degrees that follow a comma.
func isSuffix(s string) bool {
	switch strings.ToLower(strings.Trim(s, ". ")) {
	case "jr", "sr", "ii", "iii", "iv", "phd", "ph.d", "md", "m.d", "esq", "mba":
		return true
	}
	return false
}

func splitGiven(text string, old Name) (given, given2 string) {
	if g := join(old.Given); g != "" {
		if text == join(old.Given, old.Given2) {
			return old.Given, old.Given2
		}
		if text == g {
			return old.Given, ""
		}
		if rest, ok := strings.CutPrefix(text, g+" "); ok {
			return old.Given, rest
		}
	}
	given, given2, _ = strings.Cut(text, " ")
	return given, given2
}

func join(parts ...string) string {
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}
