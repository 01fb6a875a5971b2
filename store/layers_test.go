package store_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"tandem/store"
	"tandem/store/storetest"
)

func set(name, value string, locked bool) store.Setting {
	return store.Setting{Name: name, Value: value, Locked: locked}
}

func TestEffective(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		check := func(u store.User, name string, want store.Effective) {
			t.Helper()
			all, err := s.Effective(bg, u.ID)
			must(t, err)
			if len(all) != len(store.SettingNames()) {
				t.Errorf("%d settings", len(all))
			}
			if all[name] != want {
				t.Errorf("%s: %+v, want %+v", name, all[name], want)
			}
		}
		for name, value := range map[string]string{
			"crm": "", "crm-url": "", "direction": "crm-to-contacts", "entity": "contacts", "scope": "mine", "mine": "category",
			"conflict": "crm", "delete-crm": "keep", "delete-contacts": "trash", "interval": "10", "country": "",
		} {
			check(p.ada, name, store.Effective{Value: value, From: store.LayerDefault, Open: name != "crm" && name != "crm-url"})
		}
		sales, err := s.CreateProfile(bg, p.organization, "Sales")
		must(t, err)
		must(t, s.AssignProfile(bg, p.organization, sales.ID, p.ada.ID))

		must(t, s.SaveGlobal(bg, p.organization, set("interval", "20", false), set("crm", "espocrm", false), set("crm-url", "https://crm.example.org", true)))
		check(p.ada, "interval", store.Effective{Value: "20", From: store.LayerGlobal, Open: true})
		check(p.bob, "interval", store.Effective{Value: "20", From: store.LayerGlobal, Open: true})
		check(p.eve, "interval", store.Effective{Value: "10", From: store.LayerDefault, Open: true})
		check(p.ada, "crm", store.Effective{Value: "espocrm", From: store.LayerGlobal})
		check(p.ada, "crm-url", store.Effective{Value: "https://crm.example.org", From: store.LayerGlobal})

		must(t, s.SaveProfile(bg, p.organization, sales.ID, set("interval", "30", false)))
		check(p.ada, "interval", store.Effective{Value: "30", From: store.LayerProfile, Open: true})
		check(p.bob, "interval", store.Effective{Value: "20", From: store.LayerGlobal, Open: true})
		must(t, s.SaveUser(bg, p.ada.ID, set("interval", "40", true)))
		check(p.ada, "interval", store.Effective{Value: "40", From: store.LayerUser, Open: true})

		must(t, s.SaveGlobal(bg, p.organization, set("interval", "20", true)))
		check(p.ada, "interval", store.Effective{Value: "20", From: store.LayerGlobal})
		must(t, s.SaveProfile(bg, p.organization, sales.ID, set("interval", "30", true)))
		check(p.ada, "interval", store.Effective{Value: "30", From: store.LayerProfile})
		is(t, s.SaveUser(bg, p.ada.ID, set("scope", "all", false), set("interval", "50", false)), store.ErrLocked)
		is(t, s.SaveUser(bg, p.bob.ID, set("interval", "50", false)), store.ErrLocked)
		check(p.ada, "scope", store.Effective{Value: "mine", From: store.LayerDefault, Open: true})

		// Open again, the user's own value is still there.
		must(t, s.SaveProfile(bg, p.organization, sales.ID, set("interval", "", false)))
		must(t, s.SaveGlobal(bg, p.organization, set("interval", "", false)))
		check(p.ada, "interval", store.Effective{Value: "40", From: store.LayerUser, Open: true})
		must(t, s.SaveUser(bg, p.ada.ID, set("interval", "", false)))
		check(p.ada, "interval", store.Effective{Value: "10", From: store.LayerDefault, Open: true})

		// Without the profile, its values are of no account.
		must(t, s.SaveProfile(bg, p.organization, sales.ID, set("scope", "all", true)))
		check(p.ada, "scope", store.Effective{Value: "all", From: store.LayerProfile})
		if own, err := s.ProfileSettings(bg, p.organization, sales.ID); err != nil || !own["scope"].Locked {
			t.Error(own, err)
		}
		must(t, s.DeleteProfile(bg, p.organization, sales.ID))
		check(p.ada, "scope", store.Effective{Value: "mine", From: store.LayerDefault, Open: true})
	})
}

// TestEffectiveRule holds DESIGN's sentence against every combination.
func TestEffectiveRule(t *testing.T) {
	s := storetest.New(t)
	p := people(t, s)
	profile, err := s.CreateProfile(bg, p.organization, "Sales")
	must(t, err)
	must(t, s.AssignProfile(bg, p.organization, profile.ID, p.ada.ID))
	rapid.Check(t, func(r *rapid.T) {
		value := rapid.SampledFrom([]string{"", "contacts", "newest", "ask"})
		g := set("conflict", value.Draw(r, "global"), rapid.Bool().Draw(r, "locked globally"))
		f := set("conflict", value.Draw(r, "profile"), rapid.Bool().Draw(r, "locked by the profile"))
		u := set("conflict", value.Draw(r, "user"), false)
		g.Locked, f.Locked = g.Locked && g.Value != "", f.Locked && f.Value != ""
		for _, clear := range []func() error{
			func() error { return s.SaveGlobal(bg, p.organization, set("conflict", "", false)) },
			func() error { return s.SaveProfile(bg, p.organization, profile.ID, set("conflict", "", false)) },
			func() error { return s.SaveUser(bg, p.ada.ID, u) },
			func() error { return s.SaveGlobal(bg, p.organization, g) },
			func() error { return s.SaveProfile(bg, p.organization, profile.ID, f) },
		} {
			if err := clear(); err != nil {
				r.Fatal(err)
			}
		}
		want := store.Effective{Value: "crm", From: store.LayerDefault, Open: true}
		switch {
		case f.Locked:
			want = store.Effective{Value: f.Value, From: store.LayerProfile}
		case g.Locked:
			want = store.Effective{Value: g.Value, From: store.LayerGlobal}
		case u.Value != "":
			want = store.Effective{Value: u.Value, From: store.LayerUser, Open: true}
		case f.Value != "":
			want = store.Effective{Value: f.Value, From: store.LayerProfile, Open: true}
		case g.Value != "":
			want = store.Effective{Value: g.Value, From: store.LayerGlobal, Open: true}
		}
		all, err := s.Effective(bg, p.ada.ID)
		if err != nil || all["conflict"] != want {
			r.Fatalf("%+v, want %+v, %v", all["conflict"], want, err)
		}
	})
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name, value string
		ok          bool
	}{
		{"direction", "two-way", true}, {"direction", "both", false}, {"direction", "", false},
		{"entity", "leads", true}, {"entity", "accounts", false},
		{"scope", "all", true}, {"mine", "all", true}, {"mine", "mine", false},
		{"conflict", "newest", true}, {"delete-crm", "delete", true}, {"delete-contacts", "trash", true},
		{"interval", "5", true}, {"interval", "1440", true}, {"interval", "4", false}, {"interval", "1441", false}, {"interval", "ten", false},
		{"country", "DE", true}, {"country", "", true}, {"country", "de", false}, {"country", "Germany", false},
		{"crm", "espocrm", true}, {"crm", "", false}, {"crm", "../x", false},
		{"crm-url", "", true}, {"crm-url", "https://crm.example.org/espo", true}, {"crm-url", "crm.example.org", false},
		{"crm-url", "ftp://crm.example.org", false}, {"crm-url", "https://user:pw@crm.example.org", false}, {"crm-url", "javascript:alert(1)", false},
		{"colour", "red", false},
	} {
		err := store.Validate(c.name, c.value)
		var fault *store.SettingError
		if (err == nil) != c.ok || err != nil && (!errors.As(err, &fault) || fault.Name != c.name || fault.Message == "") {
			t.Errorf("%s=%q: %v", c.name, c.value, err)
		}
	}
	for _, name := range store.SettingNames() {
		if words := store.SettingWords(name); len(words) > 0 {
			if err := store.Validate(name, store.Preset(name)); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestProfiles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		sales, err := s.CreateProfile(bg, p.organization, " Sales ")
		must(t, err)
		if sales.Name != "Sales" {
			t.Errorf("%q", sales.Name)
		}
		_, err = s.CreateProfile(bg, p.organization, "Sales")
		is(t, err, store.ErrExists)
		_, err = s.CreateProfile(bg, p.strangerOrganization, "Sales")
		must(t, err)
		back, err := s.CreateProfile(bg, p.organization, "Back office")
		must(t, err)
		is(t, s.RenameProfile(bg, p.organization, back.ID, "Sales"), store.ErrExists)
		must(t, s.RenameProfile(bg, p.organization, back.ID, "Support"))
		all, err := s.Profiles(bg, p.organization)
		if err != nil || len(all) != 2 || all[0].Name != "Sales" || all[1].Name != "Support" {
			t.Error(all, err)
		}

		must(t, s.AssignProfile(bg, p.organization, sales.ID, p.ada.ID, p.bob.ID, p.ada.ID))
		for _, wrong := range []error{
			s.AssignProfile(bg, p.organization, back.ID, p.ada.ID, p.eve.ID),
			s.AssignProfile(bg, p.strangerOrganization, sales.ID, p.eve.ID),
			s.RenameProfile(bg, p.strangerOrganization, sales.ID, "x"),
			s.DeleteProfile(bg, p.strangerOrganization, sales.ID),
			s.SaveProfile(bg, p.strangerOrganization, sales.ID, set("scope", "all", false)),
		} {
			is(t, wrong, store.ErrNotFound)
		}
		_, err = s.ProfileSettings(bg, p.strangerOrganization, sales.ID)
		is(t, err, store.ErrNotFound)
		for _, u := range []store.User{p.ada, p.bob} {
			if got, err := s.User(bg, u.ID); err != nil || got.ProfileID != sales.ID {
				t.Error(got, err)
			}
		}
		must(t, s.AssignProfile(bg, p.organization, "", p.bob.ID))
		if got, err := s.User(bg, p.bob.ID); err != nil || got.ProfileID != "" {
			t.Error(got, err)
		}

		// Faults come all at once, and then nothing is stored.
		err = s.SaveProfile(bg, p.organization, sales.ID, set("scope", "all", false), set("interval", "1", false), set("crm", "espocrm", false))
		var fault *store.SettingError
		if !errors.As(err, &fault) || err.Error() != "interval: Type a number of minutes from 5 to 1440 (one day).\ncrm: This is set in Global settings only." {
			t.Error(err)
		}
		if own, err := s.ProfileSettings(bg, p.organization, sales.ID); err != nil || len(own) != 0 {
			t.Error(own, err)
		}
	})
}
