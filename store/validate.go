package store

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// SettingError is a value that a setting does not take, with a sentence for the
// person who typed it.
type SettingError struct{ Name, Message string }

// Error is the setting's name and the sentence.
func (e *SettingError) Error() string { return e.Name + ": " + e.Message }

// settingRule is what a setting takes and what it is without anybody's doing.
type settingRule struct {
	name, preset string
	global       bool     // in Global settings only
	words        []string // the values it takes, unless check says
	check        func(string) string
}

var settingRules = []settingRule{
	{name: SettingCRM, global: true, check: checkProvider},
	{name: SettingCRMURL, global: true, check: checkURL},
	{name: SettingDirection, preset: "crm-to-contacts", words: []string{"crm-to-contacts", "contacts-to-crm", "two-way"}},
	{name: SettingEntity, preset: "contacts", words: []string{"contacts", "leads"}},
	{name: SettingScope, preset: "mine", words: []string{"mine", "all"}},
	{name: SettingMine, preset: "category", words: []string{"category", "all"}},
	{name: SettingConflict, preset: "crm", words: []string{"crm", "contacts", "newest", "ask"}},
	{name: SettingDeleteCRM, preset: "keep", words: []string{"keep", "trash", "delete"}},
	{name: SettingDeleteContacts, preset: "trash", words: []string{"keep", "trash", "delete"}},
	{name: SettingInterval, preset: "10", check: checkInterval},
	{name: SettingCountry, check: checkCountry},
}

// SettingNames are the names of all settings, in the order of the page.
func SettingNames() []string {
	names := make([]string, len(settingRules))
	for i, r := range settingRules {
		names[i] = r.name
	}
	return names
}

// SettingWords are the values that a setting takes; nil where it takes others.
func SettingWords(name string) []string {
	return slices.Clone(ruleOf(name).words)
}

// Validate checks a value as it would be stored; the fault is a *SettingError.
func Validate(name, value string) error {
	r := ruleOf(name)
	message := ""
	switch {
	case r.name == "":
		message = "There is no such setting."
	case r.check != nil:
		message = r.check(value)
	case !slices.Contains(r.words, value):
		message = fmt.Sprintf("Choose one of %s.", strings.Join(r.words, ", "))
	}
	if message != "" {
		return &SettingError{name, message}
	}
	return nil
}

func ruleOf(name string) settingRule {
	for _, r := range settingRules {
		if r.name == name {
			return r
		}
	}
	return settingRule{}
}

func globalOnly(name string) bool { return ruleOf(name).global }

var (
	providerID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	country    = regexp.MustCompile(`^[A-Z]{2}$`)
)

func checkProvider(v string) string {
	if !providerID.MatchString(v) {
		return "Choose one of the CRMs."
	}
	return ""
}

func checkURL(v string) string {
	u, err := url.Parse(v)
	if v != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil) {
		return "Type the whole address of the CRM, for example https://crm.example.org, without a user name."
	}
	return ""
}

func checkInterval(v string) string {
	if n, err := strconv.Atoi(v); err != nil || n < 5 || n > 1440 {
		return "Type a number of minutes from 5 to 1440 (one day)."
	}
	return ""
}

func checkCountry(v string) string {
	if v != "" && !country.MatchString(v) {
		return "Type the two letters of a country, for example US."
	}
	return ""
}

// Preset is what a setting is without anybody's doing.
func Preset(name string) string { return ruleOf(name).preset }
