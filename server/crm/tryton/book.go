package tryton

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"tandem/server/contact"
)

// The Book's abilities.
var (
	_ contact.Book    = (*Book)(nil)
	_ contact.Sweeper = (*Book)(nil)
)

const (
	pageSize = 500
	batch    = 20
)

// Book is Tryton's parties, or its leads, as one user sees them.
type Book struct {
	server *server
	root   string // the server's address, without the database
	web    bool   // the web client is served there
	leads  bool
	norm   contact.Norm

	mu    sync.Mutex
	known atomic.Pointer[knowledge]
}

// knowledge is what Describe learnt.
type knowledge struct {
	kind
	description contact.Description
	context     object
	places      *places
}

// Requests is how many requests were sent.
func (b *Book) Requests() int64 { return b.server.http.Requests() }

// Describe implements contact.Book. It asks once.
func (b *Book) Describe(ctx context.Context) (contact.Description, error) {
	k, err := b.learn(ctx)
	if err != nil {
		return contact.Description{}, err
	}
	return k.description, nil
}

func (b *Book) learn(ctx context.Context) (*knowledge, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := b.known.Load(); k != nil {
		return k, nil
	}
	who, err := b.server.whoami(ctx)
	if err != nil {
		return nil, err
	}
	k := &knowledge{kind: kind{leads: b.leads}, context: object{"language": "en"}}
	if who.Company != 0 {
		k.context["company"], k.context["employee"] = who.Company, who.Employee
	}
	may, err := b.access(ctx, k, who)
	if err != nil {
		return nil, err
	}
	if k.addressHas, err = b.addressColumns(ctx, k); err != nil {
		return nil, err
	}
	if k.places, err = b.places(ctx, k); err != nil {
		return nil, err
	}
	d := contact.Description{
		Account:     contact.Account{ID: b.accountID(), Name: who.Name, Email: who.Email},
		Fields:      fields,
		Writable:    fields,
		Batch:       batch,
		InFlight:    2,
		Conditional: true,
		ReadOnly:    !may,
		Lossy: []string{
			"Tryton keeps one text for the whole name.",
			"Records have no owner, so everyone's contacts are synchronised.",
			"Countries and regions are kept only where Tryton's own lists have them.",
		},
	}
	if !may {
		d.Writable = 0
	}
	k.description = d
	b.known.Store(k)
	return k, nil
}

// accountID names server, database and user, without regard to https.
func (b *Book) accountID() string {
	_, host, _ := strings.Cut(b.root, "://")
	return fmt.Sprintf("%s/%s/%d", host, b.server.database, b.server.gate.user())
}

// access reads what the user's groups may do with parties and leads.
func (b *Book) access(ctx context.Context, k *knowledge, who person) (write bool, err error) {
	models := []string{"party.party", "party.contact_mechanism", "party.address"}
	if b.leads {
		models = append(models, "sale.opportunity")
	}
	var rights map[string]map[string]flag
	_, err = b.server.call(ctx, true, &rights, "model.ir.model.access.get_access", models, k.context)
	var f *fault
	if errors.As(err, &f) && b.leads && strings.Contains(f.message, "sale.opportunity") {
		return false, &contact.Error{Kind: contact.ErrNotLicensed, Cause: f,
			Message: "This Tryton has no leads: its module sale_opportunity is not installed. Synchronise contacts instead, or ask your Tryton administrator."}
	}
	if err != nil {
		return false, trouble(err)
	}
	write = true
	for _, model := range models {
		r := rights[model]
		if !r["read"] {
			return false, &contact.Error{Kind: contact.ErrForbidden,
				Message: "Your Tryton user may not read the records that are to be synchronised. Ask your Tryton administrator for access to parties and, for leads, to opportunities."}
		}
		write = write && bool(r["write"] && r["create"] && r["delete"])
	}
	if b.leads && who.Company == 0 {
		return false, &contact.Error{Kind: contact.ErrNotLicensed,
			Message: "Leads in Tryton belong to a company, and your Tryton user has none. Ask your Tryton administrator to add a company to your user."}
	}
	return write, nil
}

// addressColumns finds out which columns addresses have: they depend on
// Tryton's series and modules.
func (b *Book) addressColumns(ctx context.Context, k *knowledge) (map[string]bool, error) {
	var columns map[string]struct{ Type string }
	asked := []string{"postal_code", "zip", "invoice", "subdivision"}
	_, err := b.server.call(ctx, true, &columns, "model.party.address.fields_get", asked, k.context)
	has := map[string]bool{}
	for _, name := range asked {
		_, has[name] = columns[name]
	}
	return has, trouble(err)
}

// places reads the lists of countries and of their parts.
func (b *Book) places(ctx context.Context, k *knowledge) (*places, error) {
	p := &places{allowed: map[string][]string{}}
	columns := []string{"name", "code", "code3"}
	if k.addressHas["subdivision"] {
		columns = append(columns, "subdivisions.name", "subdivisions.code", "subdivisions.type")
	}
	_, err := b.server.call(ctx, true, &p.countries, "model.country.country.search_read", list{}, 0, nil, list{list{"id", "ASC"}}, columns, k.context)
	if err != nil || !slices.ContainsFunc(p.countries, func(c country) bool { return len(c.Parts) > 0 }) {
		return p, trouble(err)
	}
	var types []struct {
		Code  string   `json:"country_code"`
		Types []string `json:"types"`
	}
	_, err = b.server.call(ctx, true, &types, "model.party.address.subdivision_type.search_read", list{}, 0, nil, nil, []string{"country_code", "types"}, k.context)
	for _, t := range types {
		if len(t.Types) > 0 {
			p.allowed[t.Code] = t.Types
		}
	}
	return p, trouble(err)
}

// trouble translates a fault of a read, which concerns the connection.
func trouble(err error) error {
	var f *fault
	if !errors.As(err, &f) {
		return err
	}
	e := &contact.Error{Kind: contact.ErrProtocol, Cause: f,
		Message: "Tryton could not answer a question of the sync. Your Tryton administrator finds the cause in the server's log."}
	switch {
	case f.denied():
		e.Kind = contact.ErrForbidden
		e.Message = "Your Tryton user may not read what the sync needs. Ask your Tryton administrator for access to parties and, for leads, to opportunities."
	case f.passing():
		e.Kind = contact.ErrUnavailable
		e.Message = "Tryton's database is busy at the moment. The sync goes on later by itself."
	case f.class == "" && strings.HasPrefix(f.message, "Database ") && strings.Contains(f.message, "exist"):
		e.Kind, e.Field = contact.ErrBaseURL, keyDatabase
		e.Message = "This Tryton server has no database of that name any more. Check the database."
	}
	return e
}
