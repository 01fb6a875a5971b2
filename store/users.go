package store

import (
	"context"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// SignIn is what a verified token says about who signs in. Issuer and Subject
// are the identity (for Entra, Subject is the object ID); Issuer and Tenant are
// the organization.
type SignIn struct {
	Issuer, Subject, Tenant string
	Email                   string
	EmailVerified           bool
	Name                    string
	OrganizationName        string
}

// EnsureUser finds the user of an identity, and makes organization, user and
// identity where they are missing. A user that a command made (no identity yet)
// is taken over only by a verified e-mail; name and e-mail follow the token.
func (s *Store) EnsureUser(ctx context.Context, in SignIn) (User, error) {
	in.Email = normalEmail(in.Email)
	u, err := s.ensureUser(ctx, in)
	if err == ErrExists && !s.bound { // signed in twice at the same moment
		u, err = s.ensureUser(ctx, in)
	}
	return u, err
}

func (s *Store) ensureUser(ctx context.Context, in SignIn) (User, error) {
	var u User
	err := s.write(ctx, func(s *Store, tx *gorm.DB) error {
		organization, err := s.ensureOrganization(tx, in.Issuer, in.Tenant, in.OrganizationName)
		if err != nil {
			return err
		}
		if u, err = s.userOf(tx, organization, in); err != nil {
			return err
		}
		changes := map[string]any{}
		if in.Name != "" && in.Name != u.Name {
			u.Name, changes["name"] = in.Name, in.Name
		}
		if in.Email != "" && (in.Email != u.Email || in.EmailVerified != u.EmailVerified) {
			u.Email, u.EmailVerified = in.Email, in.EmailVerified
			changes["email"], changes["email_verified"] = in.Email, in.EmailVerified
		}
		if len(changes) == 0 {
			return nil
		}
		return tx.Model(&User{}).Where("id = ?", u.ID).Updates(changes).Error
	})
	return u, err
}

// userOf finds or makes the user of an identity.
func (s *Store) userOf(tx *gorm.DB, o Organization, in SignIn) (User, error) {
	var u User
	err := found(tx.Joins("JOIN identities ON identities.user_id = users.id").
		Take(&u, "identities.issuer = ? AND identities.subject = ?", in.Issuer, in.Subject).Error)
	if err != ErrNotFound {
		return u, err
	}
	if u, err = s.adopted(tx, o, in); err == ErrNotFound {
		u = User{ID: newID(), OrganizationID: o.ID, Email: in.Email, EmailVerified: in.EmailVerified, Name: in.Name, CreatedAt: s.now()}
		err = tx.Create(&u).Error
	}
	if err != nil {
		return u, err
	}
	identity := Identity{Issuer: in.Issuer, Subject: in.Subject, UserID: u.ID}
	made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&identity)
	if made.Error == nil && made.RowsAffected == 0 {
		made.Error = ErrExists
	}
	return u, found(made.Error)
}

// adopted finds the one user that a command made for a verified e-mail, and
// moves it to the organization that signed in.
func (s *Store) adopted(tx *gorm.DB, o Organization, in SignIn) (User, error) {
	if !in.EmailVerified || in.Email == "" {
		return User{}, ErrNotFound
	}
	var users []User
	err := tx.Clauses(forUpdate).
		Where("email = ? AND NOT EXISTS (SELECT 1 FROM identities WHERE identities.user_id = users.id)", in.Email).
		Where("organization_id IN (SELECT id FROM organizations WHERE id = ? OR issuer = '')", o.ID).
		Order("created_at").Limit(1).Find(&users).Error
	if err != nil {
		return User{}, err
	}
	if len(users) == 0 {
		return User{}, ErrNotFound
	}
	u := users[0]
	if u.OrganizationID == o.ID {
		return u, nil
	}
	err = s.moveUser(tx, u, o.ID)
	u.OrganizationID, u.ProfileID = o.ID, ""
	return u, err
}

// CreateUser makes a user that has no identity yet, for commands: whoever signs
// in with the same verified e-mail becomes this user. One that exists already
// is answered as it is, with created false; more than one is ErrExists.
func (s *Store) CreateUser(ctx context.Context, email, name string) (u User, created bool, err error) {
	email = normalEmail(email)
	err = s.write(ctx, func(s *Store, tx *gorm.DB) error {
		organization, err := s.ensureOrganization(tx, "", "", "Made by a command")
		if err != nil {
			return err
		}
		users, err := s.UsersByEmail(ctx, email)
		switch {
		case err != nil:
			return err
		case len(users) > 1:
			return ErrExists
		case len(users) == 1:
			u = users[0]
			return nil
		}
		created = true
		u = User{ID: newID(), OrganizationID: organization.ID, Email: email, Name: name, CreatedAt: s.now()}
		return tx.Create(&u).Error
	})
	return u, created, err
}

// User reads a user.
func (s *Store) User(ctx context.Context, id string) (User, error) {
	var u User
	return u, found(s.db(ctx).Take(&u, "id = ?", id).Error)
}

// UsersByEmail reads the users with an e-mail, of all organizations: for
// commands only.
func (s *Store) UsersByEmail(ctx context.Context, email string) ([]User, error) {
	var users []User
	return users, s.db(ctx).Where("email = ?", normalEmail(email)).Order("created_at, id").Find(&users).Error
}

// Users lists an organization's users by name.
func (s *Store) Users(ctx context.Context, organizationID string) ([]User, error) {
	var users []User
	return users, s.db(ctx).Where("organization_id = ?", organizationID).Order("name, email, id").Find(&users).Error
}

// SetAdmin makes a user of the organization an administrator, or no longer one.
func (s *Store) SetAdmin(ctx context.Context, organizationID, userID string, admin bool) error {
	return changed(s.db(ctx).Model(&User{}).Where("id = ? AND organization_id = ?", userID, organizationID).Update("admin", admin))
}

// Admins counts an organization's administrators.
func (s *Store) Admins(ctx context.Context, organizationID string) (int, error) {
	var n int64
	return int(n), s.db(ctx).Model(&User{}).Where("organization_id = ? AND admin", organizationID).Count(&n).Error
}

// changed is ErrNotFound where a statement changed no row.
func changed(r *gorm.DB) error {
	if r.Error == nil && r.RowsAffected == 0 {
		return ErrNotFound
	}
	return found(r.Error)
}

func normalEmail(e string) string { return strings.ToLower(strings.TrimSpace(e)) }
