package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"

	"tandem/store"
)

// person is the user with this identity, made at the first sign-in. The role is
// only ever raised here.
func (s *Service) person(ctx context.Context, id store.SignIn, admin bool) (store.User, error) {
	user, err := s.o.Store.EnsureUser(ctx, id)
	if errors.Is(err, store.ErrExists) { // the same person in another tab, at this moment
		user, err = s.o.Store.EnsureUser(ctx, id)
	}
	if err != nil || user.Admin {
		return user, err
	}
	named := id.Email != "" && slices.Contains(s.o.Admins, id.Email)
	switch {
	case admin || named && id.EmailVerified:
		user.Admin = true
	case named:
		s.o.Log.Warn("sign-in: an address of ADMIN_EMAILS signed in, but the issuer has not verified it", "user", user.ID)
	case s.o.Loopback && len(s.o.Admins) == 0:
		n, err := s.o.Store.Admins(ctx, user.OrganizationID)
		if err != nil {
			return user, err
		}
		user.Admin = n == 0
	}
	if user.Admin {
		err = s.o.Store.SetAdmin(ctx, user.OrganizationID, user.ID, true)
	}
	return user, err
}

// SetupCode makes the code by which the first administrator proves to have
// started the service. It is "" where none is needed: on a loopback BASE_URL,
// with ADMIN_EMAILS, or when there is an administrator of anything. The caller prints it;
// only its hash is stored, so each start makes a new one.
func (s *Service) SetupCode(ctx context.Context) (string, error) {
	if s.o.Loopback || len(s.o.Admins) > 0 {
		return "", nil
	}
	organizations, err := s.o.Store.Organizations(ctx)
	if err != nil {
		return "", err
	}
	for _, o := range organizations {
		if n, err := s.o.Store.Admins(ctx, o.ID); n > 0 || err != nil {
			return "", err
		}
	}
	text := rand.Text() // 130 bits in 26 letters and digits
	code := text[:5] + "-" + text[5:10] + "-" + text[10:15] + "-" + text[15:20] + "-" + text[20:]
	return code, s.o.Store.CreateAttempt(ctx, store.Attempt{
		StateHash: Hash(setup(code)), Purpose: purposeSetup, ExpiresAt: s.o.Now().Add(SetupLife),
	})
}

// ClaimSetup makes the user who types the set-up code an administrator, as long
// as the organization has none. It answers ErrSetup.
func (s *Service) ClaimSetup(ctx context.Context, user store.User, typed string) error {
	if n, err := s.o.Store.Admins(ctx, user.OrganizationID); err != nil {
		return err
	} else if n > 0 {
		return ErrSetup
	}
	if _, err := s.o.Store.TakeAttempt(ctx, purposeSetup, Hash(setup(typed))); errors.Is(err, store.ErrNotFound) {
		return ErrSetup
	} else if err != nil {
		return err
	}
	return s.o.Store.SetAdmin(ctx, user.OrganizationID, user.ID, true)
}

// setup is a typed set-up code without what people add or leave out.
func setup(typed string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(strings.TrimSpace(typed)))
}
