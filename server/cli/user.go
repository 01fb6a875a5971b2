package cli

import (
	"context"
	"errors"
	"fmt"

	"tandem/store"
)

// userFlag names the user a command is about.
type userFlag struct {
	User string `name:"user" required:"" placeholder:"E-MAIL" help:"The user's e-mail address."`
}

// find reads the user.
func (f userFlag) find(ctx context.Context, s *store.Store) (store.User, error) {
	users, err := s.UsersByEmail(ctx, f.User)
	switch {
	case err != nil:
		return store.User{}, err
	case len(users) == 0:
		return store.User{}, fmt.Errorf("there is no user %s. They appear once they have signed in; connect makes one with --create", f.User)
	case len(users) > 1:
		return store.User{}, fmt.Errorf("%s is a user of several organizations. Use the page for them", f.User)
	}
	return users[0], nil
}

// notConnected says what to do where a side is missing.
func notConnected(err error, user string) error {
	if errors.Is(err, store.ErrNotConnected) {
		return fmt.Errorf("both sides must be connected first: tandem connect crm PROVIDER --user %s ..., tandem connect contacts PROVIDER --user %s ...", user, user)
	}
	return err
}
