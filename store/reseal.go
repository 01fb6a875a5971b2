package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// sealedColumn is a column that holds sealed values, for going through all of
// them.
type sealedColumn struct {
	table, id, column string
	// key orders the rows, and is unique.
	key string
	// as is the table whose name the values were sealed under.
	as string
	// organization is the SQL expression for the row's organization, from the
	// joined tables; user selects the rows of one user.
	organization, join, user string
}

const ofPair = "JOIN pairs ON pairs.id = t.pair_id"

var sealedColumns = []sealedColumn{
	{"secrets", "name", "value", "t.name", "secrets", "''", "", ""},
	{"attempts", "state_hash", "secret", "t.state_hash", "attempts", "t.organization_id", "", "t.user_id"},
	{"connections", "id", "secret", "t.id", "connections", "t.organization_id", "", "t.user_id"},
	{"links", "id", "left_base", "t.id", "links", "pairs.organization_id", ofPair, "pairs.user_id"},
	{"links", "id", "right_base", "t.id", "links", "pairs.organization_id", ofPair, "pairs.user_id"},
	{"archived_links", "id", "left_base", "t.reset_id || t.id", "links", "pairs.organization_id", ofPair, "pairs.user_id"},
	{"archived_links", "id", "right_base", "t.reset_id || t.id", "links", "pairs.organization_id", ofPair, "pairs.user_id"},
	{"intents", "id", "detail", "t.id", "intents", "pairs.organization_id", ofPair, "pairs.user_id"},
	{"items", "id", "detail", "t.id", "items", "pairs.organization_id", ofPair, "pairs.user_id"},
}

// sealedValue is one value of a sealedColumn.
type sealedValue struct {
	ID, Key, Organization string
	Value                 []byte
}

// Reseal seals everything anew with the keyset's newest key and answers how
// many values that were. It may be interrupted and run again, beside a running
// server, which reads the keyset's file again for what it cannot open but seals
// with the key it knows until then: older keys are no longer needed once every
// server was restarted and this was run once more.
func (s *Store) Reseal(ctx context.Context) (int, error) {
	total := 0
	for _, c := range sealedColumns {
		n, err := s.reseal(ctx, c, "", "")
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// reseal goes through one column, of one user only where userID is given, and
// seals for the organization to, or the row's own where it is "".
func (s *Store) reseal(ctx context.Context, c sealedColumn, userID, to string) (int, error) {
	total := 0
	for after := ""; ; {
		q := s.db(ctx).Table(c.table+" AS t").
			Select(fmt.Sprintf("t.%s AS id, %s AS key, %s AS organization, t.%s AS value", c.id, c.key, c.organization, c.column)).
			Where(fmt.Sprintf("%s > ? AND t.%s IS NOT NULL", c.key, c.column), after).Order(c.key).Limit(chunk)
		if c.join != "" {
			q = q.Joins(c.join)
		}
		if userID != "" {
			q = q.Where(c.user+" = ?", userID)
		}
		var values []sealedValue
		if err := q.Find(&values).Error; err != nil || len(values) == 0 {
			return total, err
		}
		err := s.write(ctx, func(s *Store, tx *gorm.DB) error {
			for _, v := range values {
				if err := s.resealValue(tx, c, v, to); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		total += len(values)
		after = values[len(values)-1].Key
	}
}

// resealValue replaces one value, unless it was replaced meanwhile.
func (s *Store) resealValue(tx *gorm.DB, c sealedColumn, v sealedValue, to string) error {
	plain, err := s.keys.open(v.Value, v.Organization, c.as, v.ID, c.column)
	if err != nil {
		return err
	}
	if to == "" {
		to = v.Organization
	}
	sealed, err := s.keys.seal(plain, to, c.as, v.ID, c.column)
	if err != nil {
		return err
	}
	return tx.Exec(fmt.Sprintf("UPDATE %s SET %s = ? WHERE %s = ? AND %s = ?", c.table, c.column, c.id, c.column),
		sealed, v.ID, v.Value).Error
}

// moveUser gives a user and all that is theirs to another organization: what is
// sealed is bound to the organization and is sealed anew.
func (s *Store) moveUser(tx *gorm.DB, u User, to string) error {
	// No run may write under the old organization meanwhile.
	err := tx.Model(&Pair{}).Where("user_id = ?", u.ID).
		Updates(map[string]any{"fence": gorm.Expr("fence + 1"), "run_id": "", "beat": nil}).Error
	if err != nil {
		return err
	}
	for _, c := range sealedColumns {
		if c.user == "" {
			continue
		}
		if _, err := s.reseal(tx.Statement.Context, c, u.ID, to); err != nil {
			return err
		}
	}
	for _, table := range []string{"attempts", "connections", "pairs", "runs"} {
		if err := tx.Exec("UPDATE "+table+" SET organization_id = ? WHERE user_id = ?", to, u.ID).Error; err != nil {
			return err
		}
	}
	return tx.Model(&User{}).Where("id = ?", u.ID).Updates(map[string]any{"organization_id": to, "profile_id": ""}).Error
}
