package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// secretLength is the length of NewSecret's secrets, and of S256 challenges.
const secretLength = 43

// NewSecret makes 256 random bits in 43 characters that are safe in URLs,
// cookies and headers.
func NewSecret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Hash is what is stored of a secret. A plain SHA-256 suffices because the
// secret is 256 random bits, not a password.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
