package carddav

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"strings"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
)

var errNothing = errors.New("the account has no address book")

// connect finds the account's address books, asks which one where there are
// several, and keeps the chosen one's URL.
func connect(ctx context.Context, p Preset, a provider.Access) (provider.Connected, error) {
	var none provider.Connected
	if err := typed(a); err != nil {
		return none, err
	}
	base := a.BaseURL
	if base == "" {
		base = p.DefaultURL
	}
	client, err := a.HTTP(base, signIn(a))
	if err != nil {
		return none, err
	}
	f := &finder{dav: dav{client}, client: client, base: client.Base(), paths: p.Paths}
	who, err := f.find(ctx)
	if err != nil {
		return none, err
	}
	books, err := f.books(ctx, who)
	if err != nil {
		return none, err
	}
	if len(books) == 0 {
		return none, &contact.Error{Kind: contact.ErrBaseURL, Field: fieldURL, Cause: errNothing,
			Message: "This account has no address book. Make one at " + f.base.Hostname() + ", then connect again."}
	}
	chosen, options, err := choose(books, a.Values[fieldBook])
	if err != nil {
		return none, err
	}
	values := maps.Clone(a.Values)
	if values == nil {
		values = map[string]string{}
	}
	if chosen == nil {
		delete(values, fieldBook)
		return provider.Connected{Values: values, Choose: []provider.Field{{
			Name: fieldBook, Label: "Address book", Required: true, Options: options, Default: options[0].Value,
			Help: "The account has several address books. Contacts are kept in step with one of them.",
		}}}, nil
	}
	values[fieldBook], values[keepName], values[keepFeatures] = chosen.url.String(), chosen.name, chosen.features.String()
	return provider.Connected{Account: account(a, chosen.url, who.name), Values: values, Notice: notice(chosen)}, nil
}

// typed checks the form before anything is sent.
func typed(a provider.Access) error {
	if a.Token != nil {
		return nil
	}
	for _, f := range [][2]string{{fieldUsername, "user name"}, {fieldPassword, "password"}} {
		if strings.TrimSpace(a.Values[f[0]]) == "" {
			return &contact.Error{Kind: contact.ErrReconnect, Field: f[0], Message: "Enter your " + f[1] + "."}
		}
	}
	return nil
}

// signIn is Bearer after a redirect, else Basic. The password is sent as it was
// typed, spaces included, but for those around it, which copying adds.
func signIn(a provider.Access) rest.Auth {
	if a.Token != nil {
		return rest.Bearer(a.Token)
	}
	return rest.Basic(strings.TrimSpace(a.Values[fieldUsername]), strings.TrimSpace(a.Values[fieldPassword]))
}

// choose finds the wanted address book by its URL, path or name. Without a
// wish it takes the only one that may be written, or the only one there is;
// else it gives the options.
func choose(books []found, wish string) (*found, []provider.Option, error) {
	wish = strings.TrimSpace(wish)
	var options []provider.Option
	seen := map[string]int{}
	writable := 0
	for _, b := range books {
		if !b.features.readOnly {
			writable++
		}
	}
	for i := range books {
		b := &books[i]
		if wish != "" && (wish == b.url.String() || strings.TrimRight(wish, "/") == strings.TrimRight(b.url.Path, "/")) {
			return b, nil, nil
		}
		if writable > 0 && b.features.readOnly {
			continue
		}
		label := b.name
		if seen[label]++; seen[label] > 1 {
			label = fmt.Sprintf("%s (%s)", b.name, lastSegment(b.url))
		}
		options = append(options, provider.Option{Value: b.url.String(), Label: label})
	}
	if wish != "" {
		var named []*found
		for i := range books {
			if b := &books[i]; contact.Fold(b.name) == contact.Fold(wish) || lastSegment(b.url) == wish {
				named = append(named, b)
			}
		}
		if len(named) == 1 {
			return named[0], nil, nil
		}
		var names []string
		for _, b := range books {
			names = append(names, b.name)
		}
		problem := "There is no address book named"
		if len(named) > 1 {
			problem = "There are several address books named"
		}
		return nil, nil, &contact.Error{Kind: contact.ErrBaseURL, Field: fieldBook,
			Message: fmt.Sprintf("%s %q. This account has: %s.", problem, wish, strings.Join(names, ", "))}
	}
	if len(options) == 1 {
		for i := range books {
			if books[i].url.String() == options[0].Value {
				return &books[i], nil, nil
			}
		}
	}
	return nil, options, nil
}

// account names the connection. Its ID is the address book's URL: another
// address book is another first run.
func account(a provider.Access, book *url.URL, display string) contact.Account {
	name := strings.TrimSpace(a.Values[fieldUsername])
	if name == "" {
		name = display
	}
	if name == "" {
		name = path.Base(path.Dir(path.Clean(book.Path)))
	}
	if strings.Trim(name, "/.") == "" {
		name = book.Hostname()
	}
	acc := contact.Account{ID: rest.Origin(book) + book.EscapedPath(), Name: name}
	if strings.Contains(name, "@") {
		acc.Email = name
	}
	return acc
}

func notice(b *found) []string {
	if b.features.readOnly {
		return []string{"The address book \"" + b.name + "\" can be read but not changed with this account, so contacts travel from it only."}
	}
	return []string{"This server keeps no trash for contacts that are deleted by other programs: what a sync deletes is kept here for 30 days, with Restore."}
}
