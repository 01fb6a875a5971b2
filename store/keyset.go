package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keyset is the set of keys that seals secrets: the newest one seals, all of
// them open. It is kept in a file beside, never in, the database.
type Keyset struct{ aead tink.AEAD }

// NewKeyset makes a keyset that is kept in no file: for tests.
func NewKeyset() (*Keyset, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	return newKeyset(h)
}

// LoadKeyset reads the keyset file. A missing one is made, readable for its
// owner only; without it nothing that was sealed can ever be read again.
func LoadKeyset(file string) (*Keyset, error) {
	h, err := readKeyset(file)
	if errors.Is(err, fs.ErrNotExist) {
		if h, err = keyset.NewHandle(aead.AES256GCMKeyTemplate()); err != nil {
			return nil, err
		}
		// Link, unlike Rename, leaves a file that another process made meanwhile.
		if err = writeKeyset(file, h, os.Link); err == nil || errors.Is(err, fs.ErrExist) {
			h, err = readKeyset(file)
		}
	}
	if err != nil {
		return nil, err
	}
	return newKeyset(h)
}

// RotateKeyset adds a new key to the file, which seals from the next start on.
// Older keys stay, so that what they sealed can be opened: Store.Reseal moves
// it to the new one.
func RotateKeyset(file string) error {
	h, err := readKeyset(file)
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

func newKeyset(h *keyset.Handle) (*Keyset, error) {
	a, err := aead.New(h)
	if err != nil {
		return nil, fmt.Errorf("store: the keyset does not hold keys for sealing: %w", err)
	}
	return &Keyset{a}, nil
}

func readKeyset(file string) (*keyset.Handle, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("store: read the keyset file: %w", err)
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(b)))
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
