package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"gorm.io/gorm/clause"
)

// ErrKeyset: what is in the database was sealed by keys that are not there.
var ErrKeyset = errors.New("store: the keyset file does not belong to this database; restore the one it was made with")

// errSealed: a value was tampered with, or moved to another row or column.
var errSealed = errors.New("store: a sealed value cannot be opened")

// sealer seals values and derives blind keys.
type sealer struct {
	keyset *Keyset
	root   []byte // of all HMACs
}

// place is where a sealed value lives. It is the associated data: a value that
// is moved to another organization, row or column does not open there.
func place(organization, table, row, column string) []byte {
	b := make([]byte, 0, len(organization)+len(table)+len(row)+len(column)+3)
	b = append(append(b, organization...), '|')
	b = append(append(b, table...), '|')
	b = append(append(b, row...), '|')
	return append(b, column...)
}

// seal seals a value for its place; nil stays nil.
func (k *sealer) seal(value []byte, organization, table, row, column string) ([]byte, error) {
	if value == nil {
		return nil, nil
	}
	return k.keyset.seal(value, place(organization, table, row, column))
}

// open opens what seal sealed for the same place.
func (k *sealer) open(sealed []byte, organization, table, row, column string) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	b, err := k.keyset.open(sealed, place(organization, table, row, column))
	if err != nil {
		return nil, fmt.Errorf("%w: %s.%s", errSealed, table, column)
	}
	if b == nil {
		b = []byte{}
	}
	return b, nil
}

// secret is a row of secrets: what the store itself keeps sealed.
type secret struct {
	Name  string `gorm:"primaryKey"`
	Value []byte
}

// rootName is the row of the secret that all HMACs are derived from.
const rootName = "hmac-root"

// openSealer reads the root of all HMACs, made at the first start.
func openSealer(ctx context.Context, s *Store, keyset *Keyset) (*sealer, error) {
	k := &sealer{keyset: keyset, root: make([]byte, 32)}
	rand.Read(k.root)
	sealed, err := k.seal(k.root, "", "secrets", rootName, "value")
	if err != nil {
		return nil, err
	}
	row := secret{Name: rootName, Value: sealed}
	if err := s.db(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
		return nil, fmt.Errorf("store: keep the root of the blind keys: %w", err)
	}
	if err := s.db(ctx).Take(&row, "name = ?", rootName).Error; err != nil {
		return nil, fmt.Errorf("store: read the root of the blind keys: %w", err)
	}
	if k.root, err = k.open(row.Value, "", "secrets", rootName, "value"); err != nil {
		return nil, ErrKeyset
	}
	return k, nil
}
