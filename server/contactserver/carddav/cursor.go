package carddav

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"

	"tandem/server/contact"
)

// cursorFormat is the number of the form of our cursors.
const cursorFormat = 1

// cursor is a place in the stream of changes: a sync-token of RFC 6578, or,
// where a server has none, what its listing looked like.
type cursor struct {
	Format int    `json:"v"`
	URL    string `json:"u"` // of the address book: a token means nothing elsewhere
	Token  string `json:"t,omitempty"`
	CTag   string `json:"c,omitempty"`
	Digest string `json:"d,omitempty"`
	// Count is how many cards the last complete listing held.
	Count int `json:"n"`
}

func (c cursor) encode() contact.Cursor {
	text, err := json.Marshal(c)
	if err != nil {
		panic("carddav: a cursor of plain texts cannot be written: " + err.Error())
	}
	return text
}

// decodeCursor reads a cursor of this address book; ok is false for any other.
func (b *book) decodeCursor(text contact.Cursor) (c cursor, ok bool) {
	if json.Unmarshal(text, &c) != nil {
		return c, false
	}
	return c, c.Format == cursorFormat && c.URL == b.coll.url.String() && (c.Token != "" || c.CTag != "" || c.Digest != "")
}

// digest stands for a listing; "" where versions are missing, since then two
// equal listings need not mean equal contents.
func digest(stamps []contact.Stamp) string {
	lines := make([]string, 0, len(stamps))
	for _, s := range stamps {
		if s.Version == "" {
			return ""
		}
		lines = append(lines, string(s.ID)+" "+string(s.Version)+"\n")
	}
	slices.Sort(lines)
	h := sha256.New()
	for _, l := range lines {
		h.Write([]byte(l))
	}
	return base64.RawStdEncoding.EncodeToString(h.Sum(nil)[:18])
}
