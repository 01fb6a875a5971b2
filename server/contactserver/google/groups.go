package google

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"tandem/server/contact"
)

// myContacts is the group without which Google's own page hides a contact.
const myContacts = "contactGroups/myContacts"

// reserved says whether a name is a system group's: those are no categories,
// and no group of that name can be made.
func reserved(name string) bool {
	switch contact.Fold(name) {
	case "mycontacts", "my contacts", "starred", "friends", "family", "coworkers", "blocked", "all", "chatbuddies":
		return true
	}
	return false
}

// groupSet are the account's contact groups that people made, which are read
// as categories.
type groupSet struct {
	names map[string]string // by resource name
	ids   map[string]string // by folded name
}

func newGroupSet(all []group) *groupSet {
	g := &groupSet{names: map[string]string{}, ids: map[string]string{}}
	for _, one := range all {
		if one.GroupType == "USER_CONTACT_GROUP" {
			g.add(one)
		}
	}
	return g
}

func (g *groupSet) add(one group) {
	g.names[one.ResourceName] = one.Name
	g.ids[contact.Fold(one.Name)] = one.ResourceName
}

// with is g with one more group; g stays as it is for those who read it.
func (g *groupSet) with(one group) *groupSet {
	next := newGroupSet(nil)
	for id, name := range g.names {
		next.add(group{ResourceName: id, Name: name})
	}
	next.add(one)
	return next
}

// categories are the names of the groups that people made, sorted.
func (g *groupSet) categories(list []membership) []string {
	var out []string
	for _, m := range list {
		if m.Group == nil {
			continue
		}
		if name := g.names[m.Group.ResourceName]; name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// memberships are list with exactly the wanted categories of those that people
// made; system groups stay. A contact needs one group at least.
func (g *groupSet) memberships(list []membership, wanted []string) []membership {
	var out []membership
	for _, m := range list {
		if m.Group == nil {
			continue // a domain's, which is read only
		}
		name, made := g.names[m.Group.ResourceName]
		if !made || slices.ContainsFunc(wanted, func(w string) bool { return contact.Fold(w) == contact.Fold(name) }) {
			out = append(out, membership{Group: m.Group})
		}
	}
	for _, w := range wanted {
		id := g.ids[contact.Fold(w)]
		if id != "" && !slices.ContainsFunc(out, func(m membership) bool { return m.Group.ResourceName == id }) {
			out = append(out, membership{Group: &groupMembers{id}})
		}
	}
	if len(out) == 0 {
		out = []membership{{Group: &groupMembers{myContacts}}}
	}
	return out
}

// groups are the account's groups, asked for once by a Book.
func (b *book) groups(ctx context.Context) (*groupSet, error) {
	b.grouping.Lock()
	defer b.grouping.Unlock()
	if b.groupSet == nil {
		all, err := b.client.groups(ctx)
		if err != nil {
			return nil, trouble(err)
		}
		b.groupSet = newGroupSet(all)
	}
	return b.groupSet, nil
}

// forgetGroups makes the next look at groups ask Google again: somebody may
// have deleted one.
func (b *book) forgetGroups() {
	b.grouping.Lock()
	defer b.grouping.Unlock()
	b.groupSet = nil
}

// ensure makes the groups of the given names where they lack.
func (b *book) ensure(ctx context.Context, names []string) (*groupSet, error) {
	g, err := b.groups(ctx)
	for i := 0; err == nil && i < len(names); i++ {
		if g.ids[contact.Fold(names[i])] == "" {
			g, err = b.makeGroup(ctx, names[i])
		}
	}
	return g, err
}

// makeGroup creates a group. A name that is taken was made by somebody else
// meanwhile, so the groups are read again.
func (b *book) makeGroup(ctx context.Context, name string) (*groupSet, error) {
	made, err := b.newGroup(ctx, name)
	var r *refusal
	switch {
	case errors.As(err, &r) && r.status == http.StatusConflict:
		b.forgetGroups()
		g, err := b.groups(ctx)
		if err == nil && g.ids[contact.Fold(name)] == "" {
			err = &contact.Error{Kind: contact.ErrProtocol, Cause: r,
				Message: "Google cannot make the contact group that marks a sync's contacts, because one of its own has that name. Rename the group in Google Contacts."}
		}
		return g, err
	case err != nil:
		return nil, trouble(err)
	}
	b.grouping.Lock()
	defer b.grouping.Unlock()
	if b.groupSet == nil {
		b.groupSet = newGroupSet(nil)
	}
	made.Name = name
	b.groupSet = b.groupSet.with(made)
	return b.groupSet, nil
}
