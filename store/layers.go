package store

import (
	"context"
	"errors"

	"gorm.io/gorm"
)

// ErrLocked: the setting is not open to the user.
var ErrLocked = errors.New("store: set by your organization")

// GlobalSettings reads the organization's Global settings by name.
func (s *Store) GlobalSettings(ctx context.Context, organizationID string) (map[string]Setting, error) {
	return s.layer(ctx, LayerGlobal, organizationID)
}

// ProfileSettings reads the values of a profile of the organization.
func (s *Store) ProfileSettings(ctx context.Context, organizationID, profileID string) (map[string]Setting, error) {
	if _, err := s.Profile(ctx, organizationID, profileID); err != nil {
		return nil, err
	}
	return s.layer(ctx, LayerProfile, profileID)
}

// UserSettings reads the user's own values, also those that do not apply.
func (s *Store) UserSettings(ctx context.Context, userID string) (map[string]Setting, error) {
	return s.layer(ctx, LayerUser, userID)
}

func (s *Store) layer(ctx context.Context, layer Layer, owner string) (map[string]Setting, error) {
	var rows []Setting
	err := s.db(ctx).Where("layer = ? AND owner = ?", layer, owner).Find(&rows).Error
	all := make(map[string]Setting, len(rows))
	for _, r := range rows {
		all[r.Name] = r
	}
	return all, err
}

// SaveGlobal stores values of the organization's Global settings, all or none.
// Of each value Name, Value and Locked count; a blank one that is not locked is
// removed, so that the default applies. Faults are SettingErrors, joined.
func (s *Store) SaveGlobal(ctx context.Context, organizationID string, values ...Setting) error {
	return s.saveLayer(ctx, LayerGlobal, organizationID, values)
}

// SaveProfile stores values of a profile of the organization, as SaveGlobal.
func (s *Store) SaveProfile(ctx context.Context, organizationID, profileID string, values ...Setting) error {
	if _, err := s.Profile(ctx, organizationID, profileID); err != nil {
		return err
	}
	return s.saveLayer(ctx, LayerProfile, profileID, values)
}

// SaveUser stores the user's own values, as SaveGlobal; Locked is of no
// account. A value that is not open to the user is ErrLocked.
func (s *Store) SaveUser(ctx context.Context, userID string, values ...Setting) error {
	effective, err := s.Effective(ctx, userID)
	if err != nil {
		return err
	}
	own := make([]Setting, len(values))
	for i, v := range values {
		if e, known := effective[v.Name]; known && !e.Open && !globalOnly(v.Name) {
			return ErrLocked
		}
		v.Locked = false
		own[i] = v
	}
	return s.saveLayer(ctx, LayerUser, userID, own)
}

func (s *Store) saveLayer(ctx context.Context, layer Layer, owner string, values []Setting) error {
	var faults []error
	for _, v := range values {
		if layer != LayerGlobal && globalOnly(v.Name) {
			faults = append(faults, &SettingError{v.Name, "This is set in Global settings only."})
		} else if v.Value != "" || v.Locked {
			faults = append(faults, Validate(v.Name, v.Value))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	return s.write(ctx, func(_ *Store, tx *gorm.DB) error {
		for _, v := range last(values, func(v *Setting) string { return v.Name }) {
			row := Setting{Layer: layer, Owner: owner, Name: v.Name, Value: v.Value, Locked: v.Locked}
			var err error
			if row.Value == "" && !row.Locked {
				err = tx.Where("layer = ? AND owner = ? AND name = ?", layer, owner, v.Name).Delete(&Setting{}).Error
			} else {
				err = put(tx, []Setting{row})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Effective is the value of every setting that applies to the user, and where
// it comes from: locked by the profile, else locked globally, else the user's
// own, else the profile's, else the global one, else the default.
func (s *Store) Effective(ctx context.Context, userID string) (map[string]Effective, error) {
	u, err := s.User(ctx, userID)
	if err != nil {
		return nil, err
	}
	var rows []Setting
	err = s.db(ctx).Where("(layer = ? AND owner = ?) OR (layer = ? AND owner = ?) OR (layer = ? AND owner = ?)",
		LayerGlobal, u.OrganizationID, LayerProfile, u.ProfileID, LayerUser, u.ID).Find(&rows).Error
	if err != nil {
		return nil, err
	}
	layers := map[Layer]map[string]Setting{LayerGlobal: {}, LayerProfile: {}, LayerUser: {}}
	for _, r := range rows {
		layers[r.Layer][r.Name] = r
	}
	all := make(map[string]Effective, len(settingRules))
	for _, rule := range settingRules {
		all[rule.name] = effective(rule, layers)
	}
	return all, nil
}

// effective is the rule of Effective for one setting.
func effective(rule settingRule, layers map[Layer]map[string]Setting) Effective {
	for _, layer := range []Layer{LayerProfile, LayerGlobal} {
		if v, ok := layers[layer][rule.name]; ok && v.Locked {
			return Effective{Value: v.Value, From: layer}
		}
	}
	for _, layer := range []Layer{LayerUser, LayerProfile, LayerGlobal} {
		if v, ok := layers[layer][rule.name]; ok {
			return Effective{Value: v.Value, From: layer, Open: !rule.global}
		}
	}
	return Effective{Value: rule.preset, From: LayerDefault, Open: !rule.global}
}
