package store

// The sealed columns of each row type. What is written is a sealed copy, what
// was read is opened in place; the Go fields hold plaintext everywhere else.

// field is one sealed column of a row.
type field struct {
	name  string
	value *[]byte
}

// sealedRow is a row with sealed columns.
type sealedRow interface {
	sealed() (table, row string, fields []field)
}

func (c *Connection) sealed() (string, string, []field) {
	return "connections", c.ID, []field{{"secret", &c.Secret}}
}

func (a *Attempt) sealed() (string, string, []field) {
	return "attempts", a.StateHash, []field{{"secret", &a.Secret}}
}

func (l *Link) sealed() (string, string, []field) {
	return "links", l.ID, []field{{"left_base", &l.LeftBase}, {"right_base", &l.RightBase}}
}

func (i *Intent) sealed() (string, string, []field) {
	return "intents", i.ID, []field{{"detail", &i.Detail}}
}

func (i *Item) sealed() (string, string, []field) {
	return "items", i.ID, []field{{"detail", &i.Detail}}
}

// pointer is a *T that is a sealedRow.
type pointer[T any] interface {
	*T
	sealedRow
}

// sealRows returns sealed copies of rows; the rows themselves stay as they are.
func sealRows[T any, P pointer[T]](k *sealer, organization string, rows []T) ([]T, error) {
	out := make([]T, len(rows))
	copy(out, rows)
	for i := range out {
		table, row, fields := P(&out[i]).sealed()
		for _, f := range fields {
			b, err := k.seal(*f.value, organization, table, row, f.name)
			if err != nil {
				return nil, err
			}
			*f.value = b
		}
	}
	return out, nil
}

// openRows opens rows in place.
func openRows[T any, P pointer[T]](k *sealer, organization string, rows []T) error {
	for i := range rows {
		if err := openRow[T, P](k, organization, &rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// openRow opens one row in place.
func openRow[T any, P pointer[T]](k *sealer, organization string, r *T) error {
	table, row, fields := P(r).sealed()
	for _, f := range fields {
		b, err := k.open(*f.value, organization, table, row, f.name)
		if err != nil {
			return err
		}
		*f.value = b
	}
	return nil
}
