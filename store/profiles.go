package store

import (
	"context"
	"strings"

	"gorm.io/gorm"
)

// CreateProfile makes a sync profile; a name that is taken is ErrExists.
func (s *Store) CreateProfile(ctx context.Context, organizationID, name string) (Profile, error) {
	p := Profile{ID: newID(), OrganizationID: organizationID, Name: strings.TrimSpace(name), CreatedAt: s.now()}
	return p, found(s.db(ctx).Create(&p).Error)
}

// RenameProfile renames a profile of the organization.
func (s *Store) RenameProfile(ctx context.Context, organizationID, id, name string) error {
	return changed(s.db(ctx).Model(&Profile{}).Where("id = ? AND organization_id = ?", id, organizationID).
		Update("name", strings.TrimSpace(name)))
}

// DeleteProfile deletes a profile of the organization; its users follow the
// global settings from then on.
func (s *Store) DeleteProfile(ctx context.Context, organizationID, id string) error {
	return s.write(ctx, func(_ *Store, tx *gorm.DB) error {
		if err := changed(tx.Where("id = ? AND organization_id = ?", id, organizationID).Delete(&Profile{})); err != nil {
			return err
		}
		if err := tx.Model(&User{}).Where("profile_id = ?", id).Update("profile_id", "").Error; err != nil {
			return err
		}
		return tx.Where("layer = ? AND owner = ?", LayerProfile, id).Delete(&Setting{}).Error
	})
}

// Profile reads a profile of the organization.
func (s *Store) Profile(ctx context.Context, organizationID, id string) (Profile, error) {
	var p Profile
	return p, found(s.db(ctx).Take(&p, "id = ? AND organization_id = ?", id, organizationID).Error)
}

// Profiles lists the organization's profiles by name.
func (s *Store) Profiles(ctx context.Context, organizationID string) ([]Profile, error) {
	var all []Profile
	return all, s.db(ctx).Where("organization_id = ?", organizationID).Order("name, id").Find(&all).Error
}

// AssignProfile gives users of the organization a profile, "" for none. Unless
// profile and users are all the organization's it is ErrNotFound, and nobody is
// assigned.
func (s *Store) AssignProfile(ctx context.Context, organizationID, profileID string, userIDs ...string) error {
	return s.write(ctx, func(s *Store, tx *gorm.DB) error {
		if profileID != "" {
			if _, err := s.Profile(ctx, organizationID, profileID); err != nil {
				return err
			}
		}
		return chunks(unique(userIDs), func(part []string) error {
			r := tx.Model(&User{}).Where("organization_id = ? AND id IN ?", organizationID, part).Update("profile_id", profileID)
			if r.Error == nil && r.RowsAffected != int64(len(part)) {
				return ErrNotFound
			}
			return r.Error
		})
	})
}
