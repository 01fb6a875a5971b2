package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keyset is the set of keys that seals secrets: the newest one seals, all of
// them open. It is kept in a file beside, never in, the database. It is safe for
// concurrent use.
type Keyset struct {
	file string // "" where it is kept in none
	keys atomic.Pointer[keys]
}

// keys are what a keyset's file held when it was read.
type keys struct {
	aead tink.AEAD
	text []byte
}

func (k *Keyset) seal(value, place []byte) ([]byte, error) {
	return k.keys.Load().aead.Encrypt(value, place)
}

// open opens a value. Where no key fits, "keys rotate" may have sealed it with
// one that was added since: the file is read again if it has changed.
func (k *Keyset) open(sealed, place []byte) ([]byte, error) {
	now := k.keys.Load()
	value, err := now.aead.Decrypt(sealed, place)
	if err == nil || k.file == "" {
		return value, err
	}
	text, readErr := os.ReadFile(k.file)
	if readErr != nil || bytes.Equal(text, now.text) {
		return nil, err
	}
	h, readErr := parseKeyset(k.file, text)
	if readErr != nil {
		return nil, err
	}
	fresh, readErr := aead.New(h)
	if readErr != nil {
		return nil, err
	}
	k.keys.Store(&keys{fresh, text})
	return fresh.Decrypt(sealed, place)
}

// NewKeyset makes a keyset that is kept in no file: for tests.
func NewKeyset() (*Keyset, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	return newKeyset("", h, nil)
}

// LoadKeyset reads the keyset file. A missing one is made, readable for its
// owner only; without it nothing that was sealed can ever be read again.
func LoadKeyset(file string) (*Keyset, error) {
	h, text, err := readKeyset(file)
	if errors.Is(err, fs.ErrNotExist) {
		if h, err = keyset.NewHandle(aead.AES256GCMKeyTemplate()); err != nil {
			return nil, err
		}
		// Link, unlike Rename, leaves a file that another process made meanwhile.
		if err = writeKeyset(file, h, os.Link); err == nil || errors.Is(err, fs.ErrExist) {
			h, text, err = readKeyset(file)
		}
	}
	if err != nil {
		return nil, err
	}
	return newKeyset(file, h, text)
}

// KeysetExposed reports whether other users of this machine can read the keyset
// file. Where permissions mean something else (Windows) it says no.
func KeysetExposed(file string) bool {
	i, err := os.Stat(file)
	return err == nil && runtime.GOOS != "windows" && i.Mode().Perm()&0o007 != 0
}

// RotateKeyset adds a new key to the file, which seals from the next start on.
// Older keys stay, so that what they sealed can be opened: Store.Reseal moves
// it to the new one.
func RotateKeyset(file string) error {
	h, _, err := readKeyset(file)
	if err != nil {
		return err
	}
	m := keyset.NewManagerFromHandle(h)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return err
	}
	if err := m.SetPrimary(id); err != nil {
		return err
	}
	if h, err = m.Handle(); err != nil {
		return err
	}
	return writeKeyset(file, h, os.Rename)
}

func newKeyset(file string, h *keyset.Handle, text []byte) (*Keyset, error) {
	a, err := aead.New(h)
	if err != nil {
		return nil, fmt.Errorf("store: the keyset does not hold keys for sealing: %w", err)
	}
	k := &Keyset{file: file}
	k.keys.Store(&keys{a, text})
	return k, nil
}

func readKeyset(file string) (*keyset.Handle, []byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("store: read the keyset file: %w", err)
	}
	h, err := parseKeyset(file, text)
	return h, text, err
}

func parseKeyset(file string, text []byte) (*keyset.Handle, error) {
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("store: %s is not a keyset file; restore it from a backup", file)
	}
	return h, nil
}

// writeKeyset writes a file beside the place and puts it there whole.
func writeKeyset(file string, h *keyset.Handle, put func(from, to string) error) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("store: make the keyset file: %w", err)
	}
	f, err := os.CreateTemp(dir, ".keyset-*") // mode 0600
	if err != nil {
		return fmt.Errorf("store: make the keyset file: %w", err)
	}
	defer os.Remove(f.Name())
	err = insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(f))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = put(f.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("store: make the keyset file: %w", err)
	}
	return nil
}
