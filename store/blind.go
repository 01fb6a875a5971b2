package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
)

// blindSize is the length of a blind key: 128 bits of an HMAC-SHA256.
const blindSize = 16

// blinder makes the blind keys of one connection or organization. It is not
// safe for concurrent use.
type blinder struct{ mac hash.Hash }

// blinder derives the key of one realm from the root. Two realms never share a
// blind key, so that connections cannot be compared by their rows.
func (k *sealer) blinder(realm, id string) blinder {
	derive := hmac.New(sha256.New, k.root)
	derive.Write([]byte(realm + "|" + id))
	return blinder{hmac.New(sha256.New, derive.Sum(nil))}
}

func (b blinder) sum(kind, text string) []byte {
	b.mac.Reset()
	b.mac.Write([]byte(kind))
	b.mac.Write([]byte{0})
	b.mac.Write([]byte(text))
	return b.mac.Sum(nil)[:blindSize]
}

// key is the blind form of a match key.
func (b blinder) key(k Key) []byte { return b.sum(k.Kind, k.Text) }

// text is the blind form of a claim's key.
func (b blinder) text(t string) string {
	return base64.RawURLEncoding.EncodeToString(b.sum("claim", t))
}
