package store

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Organization reads an organization.
func (s *Store) Organization(ctx context.Context, id string) (Organization, error) {
	var o Organization
	return o, found(s.db(ctx).Take(&o, "id = ?", id).Error)
}

// Organizations lists all organizations: for commands only.
func (s *Store) Organizations(ctx context.Context) ([]Organization, error) {
	var all []Organization
	return all, s.db(ctx).Order("created_at, id").Find(&all).Error
}

// ensureOrganization finds or makes an organization.
func (s *Store) ensureOrganization(tx *gorm.DB, issuer, tenant, name string) (Organization, error) {
	var o Organization
	err := found(tx.Take(&o, "issuer = ? AND tenant = ?", issuer, tenant).Error)
	if err != ErrNotFound {
		return o, err
	}
	if name == "" {
		name = issuer
	}
	o = Organization{ID: newID(), Issuer: issuer, Tenant: tenant, Name: name, CreatedAt: s.now()}
	conflict := clause.OnConflict{Columns: []clause.Column{{Name: "issuer"}, {Name: "tenant"}}, DoNothing: true}
	if err := tx.Clauses(conflict).Create(&o).Error; err != nil {
		return o, err
	}
	// Another process may have been quicker: read what stands.
	o = Organization{}
	return o, found(tx.Take(&o, "issuer = ? AND tenant = ?", issuer, tenant).Error)
}
