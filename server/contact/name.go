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
// Ann" is read as surname and given name. Title and Generation of old are kept.
func Split(text string, old Name) Name {
	n := Name{Title: old.Title, Generation: old.Generation}
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return n
	}
	if surname, given, ok := strings.Cut(text, ","); ok && strings.TrimSpace(given) != "" && surname != "" {
		n.Surname, n.Given = strings.TrimSpace(surname), strings.TrimSpace(given)
		return n
	}
	if s := strings.Join(strings.Fields(old.Surname), " "); s != "" {
		if rest, ok := strings.CutSuffix(text, " "+s); ok {
			n.Surname = s
			n.Given, n.Given2 = splitGiven(rest, old)
			return n
		}
	}
	if g := strings.Join(strings.Fields(old.Given), " "); g != "" && old.Given2 == "" {
		if rest, ok := strings.CutPrefix(text, g+" "); ok {
			n.Given, n.Surname = g, rest
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

func splitGiven(text string, old Name) (given, given2 string) {
	if old.Given != "" && text == join(old.Given, old.Given2) {
		return old.Given, old.Given2
	}
	given, given2, _ = strings.Cut(text, " ")
	return given, given2
}

func join(parts ...string) string {
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}
